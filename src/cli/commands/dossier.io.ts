import { existsSync } from 'node:fs';
import { printable } from '../../core/index.ts';
import { readPolicy } from '../../gate/index.ts';
import { writeDossier } from '../../pipeline.io.ts';
import { foreignSaid } from '../../proposal/index.ts';
import { judgeCourse } from '../../web/index.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Prints what an approver would be shown now; nothing is recorded, and nobody is asked. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  // without a policy nothing can be ratified, so it is not for production
  const policy = existsSync(setup.policyFile) ? readPolicy(setup.policyFile) : { production: false };
  context.terminal.progress(`looking at ${target.name}`);
  const { dossier, digest, text } = await writeDossier({ sealed, store }, { target, policy });
  // offline of the target's gate: what follows from release, evidence and log is compared, and it alone
  const { judged } = await judgeCourse({ sealed, store }, { name: target.name, word: null });
  const foreign = judged.flatMap((one) => (one.state === 'foreign' ? [one] : []));
  for (const one of foreign)
    context.terminal.say(
      `ATTACK: ${printable(`${one.statement}, entry ${one.index}: ${foreignSaid}: ${one.differs.join('; ')}`)}`,
    );
  return {
    exit: 0,
    schema: 'oneroof/dossier/1',
    data: { dossier, digest, foreign: foreign.map(({ statement, index, differs }) => ({ statement, index, differs })) },
    text: text.trimEnd(),
  };
};
