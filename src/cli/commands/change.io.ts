import { resolve } from 'node:path';
import { printable } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { readPolicy, readRegistry } from '../../gate/index.ts';
import { readSetup } from '../../setup/index.ts';
import { changeCeremony, documentOf, type Next, withRelay } from '../../web/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { targetFor } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

/** Serves the page on which the quorum signs the next registry or policy, and puts it in force in the target. */
export async function changing(kind: Next['kind'], named: string, context: Context): ReturnType<Run> {
  const setup = await readSetup(context.folder);
  const file = resolve(context.folder, named);
  const next: Next = kind === 'registry' ? { kind, registry: readRegistry(file) } : { kind, policy: readPolicy(file) };
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
