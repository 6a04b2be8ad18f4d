import { OneRoofError, printable, stated } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import {
  type ClosingCeremony,
  closingCeremony,
  type ClosingPlan,
  judgeCourse,
  readWord,
  recorded,
  withRelay,
} from '../../signing/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type CommandRun } from '../verb.ts';
import { withdrawing } from './change.io.ts';

/** The command that serves a page on which one person declines or revokes a ratification of a release. */
export function closing(kind: ClosingPlan['kind']): { readonly run: CommandRun } {
  return { run: (context) => runClosing(kind, context) };
}

const runClosing = async (kind: ClosingPlan['kind'], context: Context): ReturnType<CommandRun> => {
  const reason = context.options['reason'];
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw new OneRoofError('USAGE', { ...stated`a reason is missing`, fix: `oneroof ${kind} … --reason "why"` });
  }
  const { registry, policy } = context.options;
  const named = [context.arguments[0], registry, policy].filter((one) => typeof one === 'string');
  if (named.length !== 1)
    throw new OneRoofError('USAGE', {
      ...stated`${{ kind }} takes one subject: a release${kind === 'revoke' ? ', the next registry, or the next policy' : ''}`,
      fix: `oneroof ${kind} my-release --reason "why"`,
    });
  if (typeof registry === 'string') return await withdrawing({ kind: 'registry', file: registry, reason }, context);
  if (typeof policy === 'string') return await withdrawing({ kind: 'policy', file: policy, reason }, context);
  const { setup, sealed, store } = await openWork(context);
  const { release, seal } = sealed;
  return await withRelay(targetFor(setup, context), kind, async (relay) => {
    const word = await readWord(relay.session, { facts: relay.facts, seal });
    const { judged } = await judgeCourse({ sealed, store }, { name: relay.target, word });
    const ceremony = await closingCeremony(relay, { kind, release: { name: release.name, seal }, reason, judged });
    const { signed } = await runCeremony(context, {
      ceremony: recorded(ceremony, { course: { sealed, store }, relay, onProblem: context.terminal.say }),
      setup,
      unfinished: { ...stated`no one has signed`, fix: 'run the command again' },
    });
    const [person = ''] = signed;
    return {
      exit: 0,
      schema: `oneroof/${kind}/1`,
      data: { statement: statementDigest(ceremony.body), ratification: ceremony.ratification, person, reason },
      text: `${printable(person)} has signed; ${kind === 'decline' ? 'the decline is kept' : closed(ceremony)}`,
    };
  });
};

/** One signature closes one ratification: that others are open is said, never passed over. */
function closed({ ratification, othersOpen }: ClosingCeremony): string {
  const done = `the rollout of ${ratification} is closed; its rollback stays open`;
  if (othersOpen === 0) return done;
  return `${done}\nSTILL OPEN: ${othersOpen} other ${othersOpen === 1 ? 'ratification' : 'ratifications'} of this release; run the command again`;
}
