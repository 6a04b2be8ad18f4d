import { explain, type ReleaseContext, type ReleaseState, standingOf } from '../report/index.ts';
import { reasonFinding, verdictFindings } from './finding.ts';
import { typedOf } from './typed-line.ts';
import { readOccasions } from './read-context.io.ts';
import { type CommandOutcome } from './output.io.ts';
import { type Context } from './verb.ts';

/** Writes what a person or an agent may do with a release now, for each target; exit 0 only while the gate of each is open. */
export async function paper(
  context: Context,
  kind: {
    readonly name: 'runbook' | 'prompt';
    readonly member: 'markdown' | 'prompt';
    readonly write: (occasion: ReleaseContext) => string;
  },
): Promise<CommandOutcome> {
  const occasions = await readOccasions(context);
  const papers = occasions.map((occasion) => ({
    occasion,
    standing: standingOf(occasion),
    text: kind.write(occasion),
  }));
  return {
    exit: papers.every(({ standing }) => standing.gate === 'open') ? 0 : 1,
    schema: `oneroof/${kind.name}/2`,
    data: {
      [`${kind.name}s`]: papers.map(({ occasion, standing, text }) => ({
        target: occasion.target,
        seal: occasion.sealed.seal,
        standing: told(standing, context),
        [kind.member]: text,
      })),
    },
    text: papers.map(({ text }) => text.trimEnd()).join('\n\n---\n\n'),
  };
}

function told(standing: ReleaseState, context: Context): object {
  const typed = typedOf(context);
  const verdict = verdictFindings(standing.verdict, typed);
  return standing.gate === 'closed'
    ? {
        ...standing,
        verdict,
        reasons: standing.reasons.map(explain),
        findings: standing.reasons.map((one) => reasonFinding(one, typed)),
      }
    : { ...standing, verdict };
}
