import { standingOf, toRunbook } from '../../report/index.ts';
import { readOccasion } from '../occasion.io.ts';
import { type Run } from '../verb.ts';

/** Writes the runbook of a release for a person; exit 0 only while the gate is open. */
export const run: Run = async (context) => {
  const occasion = await readOccasion(context);
  const standing = standingOf(occasion);
  const markdown = toRunbook(occasion);
  return {
    exit: standing.gate === 'open' ? 0 : 1,
    schema: 'oneroof/runbook/1',
    data: { target: occasion.target, seal: occasion.sealed.seal, standing, markdown },
    text: markdown.trimEnd(),
  };
};
