import { resolve } from 'node:path';
import { printable } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { readPolicy, readRegistry } from '../../gate/index.ts';
import { readSetup, type Setup } from '../../setup/index.ts';
import { changeCeremony, documentOf, type Next, type Relay, withdrawalCeremony, withRelay } from '../../web/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { openStore, targetFor } from '../work.io.ts';
import { rulesStage } from '../../kinds/index.ts';
import { type Context, type Run } from '../verb.ts';

/** Serves the page on which a person withdraws their own signature under the next registry or policy. */
export async function withdrawing(
  { kind, file: named, reason }: { readonly kind: Next['kind']; readonly file: string; readonly reason: string },
  context: Context,
): ReturnType<Run> {
  const setup = await readSetup(context.folder);
  const next = nextIn(kind, resolve(context.folder, named));
  return await withRelay(targetFor(setup, context), 'revoke', async (relay) => {
    const ceremony = await withdrawalCeremony(relay, { next, reason });
    const { signed } = await runCeremony(context, {
      ceremony,
      pagePort: setup.pagePort,
      unfinished: { problem: 'nobody has signed', fix: 'run the command again' },
    });
    const [person = ''] = signed;
    return {
      exit: 0,
      schema: 'oneroof/withdrawal/1',
      data: { statement: statementDigest(ceremony.body), change: ceremony.change, person, reason },
      text: `${printable(person)} has signed: their signature under the next ${kind}, where they gave one, counts no more`,
    };
  });
}

function nextIn(kind: Next['kind'], file: string): Next {
  return kind === 'registry' ? { kind, registry: readRegistry(file) } : { kind, policy: readPolicy(file) };
}

/** Serves the page on which the quorum signs the next registry or policy, and puts it in force in the target. */
export async function changing(kind: Next['kind'], named: string, context: Context): ReturnType<Run> {
  const setup = await readSetup(context.folder);
  const file = resolve(context.folder, named);
  const next = nextIn(kind, file);
  const { digest } = documentOf(next);
  return await withRelay(targetFor(setup, context), 'ratify', async (relay) => {
    const ceremony = await changeCeremony(relay, next);
    const { signed } = await runCeremony(context, {
      ceremony,
      pagePort: setup.pagePort,
      unfinished: {
        problem: `the next ${kind} is not in force; the signatures that were given are kept`,
        fix: 'run the command again: the others sign the same statement',
      },
    });
    const unrecorded = await recordPlace(setup, relay);
    if (unrecorded !== null) context.terminal.say(unrecorded);
    const present = kind === 'registry' ? setup.registryFile : setup.policyFile;
    return {
      exit: 0,
      schema: 'oneroof/change/1',
      data: { target: relay.target, kind, digest, statement: statementDigest(ceremony.body), persons: signed, file },
      text: [
        `in force in ${relay.target}, signed by ${signed.map((person) => printable(person)).join(', ')}: ${digest}`,
        file === present
          ? `keep ${printable(file)}`
          : `keep ${printable(file)}: with every target on it, it takes the place of ${printable(present)}`,
      ].join('\n'),
    };
  });
}

/** The log tells of the change at once: from there on the keys that it names count. A line that says why it does not, or null. */
async function recordPlace(setup: Setup, { target, session }: Relay): Promise<string | null> {
  try {
    await rulesStage(openStore(setup), { target, session });
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `not recorded as evidence: ${printable(why)}; oneroof bundle RELEASE records it later`;
  }
}
