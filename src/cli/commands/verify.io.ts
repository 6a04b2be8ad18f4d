import { now, printable } from '../../core/index.ts';
import { readBaseline } from '../../gate/index.ts';
import { judgeInvariants } from '../../rehearsal/index.ts';
import { problemFinding } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { sameFor } from '../next-command.ts';
import { lookOf } from '../output.io.ts';
import { table } from '../text/index.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Says which of the release's invariants hold on a target, read-only; exit 1 where `always`, or both others, are violated. */
export const run: CommandRun = async (context) => {
  const { setup, sealed } = await openWork(context);
  const target = targetFor(setup, context);
  const { exit } = await readBaseline({ release: sealed, target, at: now() });
  const metrics = exit?.metrics ?? {};
  const { invariants } = sealed.release;
  const sets = (['always', 'greenfield', 'finalized'] as const).map((name) => ({
    name,
    problems: judgeInvariants(invariants[name], metrics, name),
  }));
  const held = sets.filter(({ problems }) => problems.length === 0).map(({ name }) => name);
  const good = held.includes('always') && (held.includes('greenfield') || held.includes('finalized'));
  const look = lookOf('stdout');
  // before a release the finalized set does not hold, after it the greenfield one: nothing is wrong then
  const calm = good ? { ...look, paint: { ...look.paint, bad: look.paint.quiet } } : look;
  const rows = sets.flatMap(({ name, problems }) => [
    [problems.length === 0 ? 'holds' : 'violated', name],
    ...problems.map(({ problem }) => ['', printable(problem)]),
  ]);
  return {
    exit: good ? 0 : 1,
    schema: 'oneroof/verify/1',
    data: {
      target: target.name,
      metrics,
      held,
      violations: Object.fromEntries(
        sets.map(({ name, problems }) => [name, problems.map((one) => problemFinding(one, typedOf(context)))]),
      ),
    },
    text: table(rows, calm).join('\n'),
    ...(good ? { next: sameFor(context, 'gate') } : {}),
  };
};
