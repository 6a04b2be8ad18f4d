import { userInfo } from 'node:os';
import { formatDuration, type Milliseconds, printable } from '../../core/index.ts';
import { goldenStage, rehearsalStage } from '../../pipeline.io.ts';
import { explainProof, type Rehearsal } from '../../rehearsal/index.ts';
import { openWork, withHost } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Rehearses a sealed release on a clone; exit 1 where the rehearsal failed. */
export const run: Run = async (context) => {
  const { terminal, signal, options } = context;
  const { setup, sealed, store } = await openWork(context);
  const course = { sealed, store };
  return withHost(setup, async (host) => {
    if (options['golden'] === true || (await host.golden()) === null) {
      const golden = await goldenStage(course, host, {
        signal,
        onProgress: ({ done, total }) =>
          terminal.progress(
            `golden: ${Math.round((100 * done) / Math.max(total, 1))} % of ${Math.round(total / 1e6)} MB`,
          ),
      });
      terminal.say(
        `golden generation ${golden.generation} taken (${golden.method}, ${formatDuration(golden.durationMs as Milliseconds)})`,
      );
    }
    const rehearsal = await rehearsalStage(course, host, {
      owner: userInfo().username,
      signal,
      ...(options['full'] === true ? { full: true as const } : {}),
      onProgress: (event) =>
        terminal.progress(
          printable(
            Object.values(event)
              .filter((part) => typeof part === 'string')
              .join(' '),
          ),
        ),
    });
    terminal.say(
      rehearsal.outcome === 'passed'
        ? 'Next: oneroof gate, then oneroof report'
        : 'Next: mend the release, seal it, rehearse again',
    );
    return {
      exit: rehearsal.outcome === 'passed' ? 0 : 1,
      schema: 'oneroof/rehearsal/1',
      data: { rehearsal },
      text: describe(rehearsal),
    };
  });
};

function describe(rehearsal: Rehearsal): string {
  const stages = rehearsal.stages.flatMap(({ stage, outcome, durationMs, problems }) => [
    `${outcome.padEnd(8)}${stage.padEnd(16)}${formatDuration(durationMs as Milliseconds).padStart(9)}`,
    ...problems.flatMap(({ code, problem, fix }) => [
      `          ${code}: ${printable(problem)}`,
      `          ${printable(fix)}`,
    ]),
  ]);
  const { proof } = rehearsal;
  const proven =
    proof === null
      ? 'not proven: there is no complete way back'
      : `proof: logical ${proof.logical}, strict ${proof.strict}; ${proof.objects} objects; ${explainProof(proof)}; ${proof.differenceCount} differences`;
  const unproven =
    proof?.notProven.map(({ relation, reason }) => `not proven: ${printable(relation)}: ${printable(reason)}`) ?? [];
  const options = rehearsal.options.map(
    ({ option, outcome, problems }) =>
      `option ${option}: ${outcome}${problems[0] === undefined ? '' : `: ${printable(problems[0].problem)}`}`,
  );
  const problems = rehearsal.problems.map(({ code, problem }) => `${code}: ${printable(problem)}`);
  const kept = rehearsal.clone.kept === null ? [] : [`the clone is kept: ${printable(rehearsal.clone.kept)}`];
  return [...stages, proven, ...unproven, ...options, ...problems, ...kept, rehearsal.outcome.toUpperCase()].join('\n');
}
