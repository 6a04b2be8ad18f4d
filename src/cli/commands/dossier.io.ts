import { existsSync } from 'node:fs';
import { printable } from '../../core/index.ts';
import { readPolicy } from '../../people/index.ts';
import { writeDossier } from '../../pipeline.io.ts';
import { foreignSaid } from '../../proposal/index.ts';
import { judgeCourse, readVerdictNow, verdictNowText } from '../../signing/index.ts';
import { sayStaleReviews } from '../stale-reviews.io.ts';
import { foreignFinding, verdictFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { openWork, targetsFor } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Prints what an approver of each target would see now, and what a rollout would do; it records nothing and asks no one. */
export const run: CommandRun = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  // without a policy nothing can be ratified, so it is not for production
  const policy = existsSync(setup.policyFile) ? readPolicy(setup.policyFile) : { production: false };
  const dossiers: object[] = [];
  const texts: string[] = [];
  for (const target of targetsFor(setup, context)) {
    context.terminal.progress(`reading ${target.name}`);
    const { dossier, digest, text } = await writeDossier({ sealed, store }, { target, policy });
    // offline of the target's gate: what follows from release, evidence and log is compared, and it alone
    const { judged } = await judgeCourse({ sealed, store }, { name: target.name, word: null });
    const foreign = judged.flatMap((one) => (one.state === 'foreign' ? [one] : []));
    for (const one of foreign)
      context.terminal.say(
        `ATTACK: ${printable(`${target.name}: ${one.statement}, entry ${one.index}: ${foreignSaid}: ${one.differs.join('; ')}`)}`,
      );
    await sayStaleReviews(context, { sealed, store, target: target.name });
    const now = await readVerdictNow({ sealed, store }, target);
    texts.push(text.trimEnd(), verdictNowText(now, { target: target.name }));
    dossiers.push({
      target: target.name,
      dossier,
      digest,
      verdict: { up: verdictFindings(now.up, typedOf(context)), down: verdictFindings(now.down, typedOf(context)) },
      foreign: foreign.map(({ statement, index, differs }) =>
        foreignFinding({ statement, index, differs }, typedOf(context)),
      ),
    });
  }
  return { exit: 0, schema: 'oneroof/dossier/2', data: { dossiers }, text: texts.join('\n\n') };
};
