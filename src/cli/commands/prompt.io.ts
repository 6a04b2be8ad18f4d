import { standingOf, toPrompt } from '../../report/index.ts';
import { readOccasion } from '../occasion.io.ts';
import { type Run } from '../verb.ts';

/** Writes what an agent may do with a release now; exit 0 only while the gate is open. */
export const run: Run = async (context) => {
  const occasion = await readOccasion(context);
  const standing = standingOf(occasion);
  const prompt = toPrompt(occasion);
  return {
    exit: standing.gate === 'open' ? 0 : 1,
    schema: 'oneroof/prompt/1',
    data: { target: occasion.target, seal: occasion.sealed.seal, standing, prompt },
    text: prompt.trimEnd(),
  };
};
