import { now } from '../core/index.ts';
import { openObserver } from '../database/index.ts';
import { readCycles, readGate } from '../gate/index.ts';
import { hrefFrom } from '../pipeline.io.ts';
import { buildReport, type Occasion, type Ratifications } from '../report/index.ts';
import { type Target } from '../setup/index.ts';
import { type Context } from './verb.ts';
import { openWork, targetFor } from './work.io.ts';

/** Looks at the recorded evidence and, read-only, at the target; what cannot be read closes the gate. Nothing is recorded. */
export async function readOccasion(context: Context): Promise<Occasion> {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  context.terminal.progress(`looking at ${target.name}`);
  const reading = await readGate({ release: sealed, target, at: now() });
  const ratifications = await readRatifications(target);
  const evidence = await store.of(sealed.seal);
  const report = buildReport({
    release: sealed,
    evidence,
    policy: setup.policy,
    now: now(),
    hrefOf: hrefFrom(setup.reports, store),
  });
  return {
    sealed,
    target: target.name,
    folder: context.arguments[0] ?? '.',
    workIn: context.folder === '.' ? null : context.folder,
    report,
    reading,
    ratifications,
  };
}

async function readRatifications(target: Target): Promise<Ratifications> {
  try {
    const observer = await openObserver(target.observer, { applicationName: 'oneroof gate' });
    try {
      return { state: 'read', cycles: await observer.snapshot(readCycles) };
    } finally {
      await observer.close();
    }
  } catch (error) {
    return { state: 'unread', why: error instanceof Error ? error.message : String(error) };
  }
}
