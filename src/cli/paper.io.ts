import { explain, type Occasion, type Standing, standingOf } from '../report/index.ts';
import { readOccasion } from './occasion.io.ts';
import { type Outcome } from './output.io.ts';
import { type Context } from './verb.ts';

/** Writes what a person or an agent may do with a release now; exit 0 only while the gate is open. */
export async function paper(
  context: Context,
  kind: {
    readonly name: 'runbook' | 'prompt';
    readonly member: string;
    readonly write: (occasion: Occasion) => string;
  },
): Promise<Outcome> {
  const occasion = await readOccasion(context);
  const standing = standingOf(occasion);
  const text = kind.write(occasion);
  return {
    exit: standing.gate === 'open' ? 0 : 1,
    schema: `oneroof/${kind.name}/1`,
    data: { target: occasion.target, seal: occasion.sealed.seal, standing: told(standing), [kind.member]: text },
    text: text.trimEnd(),
  };
}

function told(standing: Standing): object {
  return standing.gate === 'closed' ? { ...standing, reasons: standing.reasons.map(explain) } : standing;
}
