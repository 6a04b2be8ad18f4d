import { existsSync } from 'node:fs';
import { readPolicy } from '../../gate/index.ts';
import { writeDossier } from '../../pipeline.io.ts';
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
  return {
    exit: 0,
    schema: 'oneroof/dossier/1',
    data: { dossier, digest },
    text: text.trimEnd(),
  };
};
