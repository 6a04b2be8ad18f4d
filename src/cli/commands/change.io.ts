import { resolve } from 'node:path';
import { printable, stated } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { readPolicy, readRegistry } from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import {
  changeCeremony,
  documentOf,
  type Next,
  tryRecording,
  withdrawalCeremony,
  withRelay,
} from '../../signing/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { openStore } from '../../store.io.ts';
import { targetFor } from '../work.io.ts';
import { rulesStage } from '../../evidence-kinds/index.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Serves the page on which a person withdraws their own signature under the next registry or policy. */
export async function withdrawing(
  { kind, file: named, reason }: { readonly kind: Next['kind']; readonly file: string; readonly reason: string },
  context: Context,
): ReturnType<CommandRun> {
  const setup = await readSetup(context.folder);
  const next = nextIn(kind, resolve(context.folder, named));
  return await withRelay(targetFor(setup, context), 'revoke', async (relay) => {
    const ceremony = await withdrawalCeremony(relay, { next, reason });
    const { signed } = await runCeremony(context, {
      ceremony,
      setup,
      unfinished: { ...stated`no one has signed`, fix: 'run the command again' },
    });
    const [person = ''] = signed;
    return {
      exit: 0,
      schema: 'oneroof/withdrawal/1',
      data: { statement: statementDigest(ceremony.body), change: ceremony.change, person, reason },
      text: `${printable(person)} has signed: if they had signed the next ${kind}, that signature no longer counts`,
    };
  });
}

function nextIn(kind: Next['kind'], file: string): Next {
  return kind === 'registry' ? { kind, registry: readRegistry(file) } : { kind, policy: readPolicy(file) };
}

/** Serves the page on which the quorum signs the next registry or policy, and puts it in force in the target. */
export async function changing(kind: Next['kind'], named: string, context: Context): ReturnType<CommandRun> {
  const setup = await readSetup(context.folder);
  const file = resolve(context.folder, named);
  const next = nextIn(kind, file);
  const { digest } = documentOf(next);
  return await withRelay(targetFor(setup, context), 'ratify', async (relay) => {
    const ceremony = await changeCeremony(relay, next);
    const { signed } = await runCeremony(context, {
      ceremony,
      setup,
      unfinished: {
        ...stated`the next ${{ kind }} is not in force; the signatures so far are kept`,
        fix: 'run the command again: the others sign the same statement',
      },
    });
    // the log tells of the change at once: from there on the keys that it names count
    await tryRecording(() => rulesStage(openStore(setup), relay), context.terminal.say);
    const present = kind === 'registry' ? setup.registryFile : setup.policyFile;
    return {
      exit: 0,
      schema: 'oneroof/change/1',
      data: { target: relay.target, kind, digest, statement: statementDigest(ceremony.body), persons: signed, file },
      text: [
        `in force in ${relay.target}, signed by ${signed.map((person) => printable(person)).join(', ')}: ${digest}`,
        file === present
          ? `keep ${printable(file)}`
          : `keep ${printable(file)}: when it is in force in every target, put it in the place of ${printable(present)}`,
      ].join('\n'),
    };
  });
}
