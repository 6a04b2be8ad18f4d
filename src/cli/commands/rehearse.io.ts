import { userInfo } from 'node:os';
import { formatDuration, type Milliseconds, printable } from '../../core/index.ts';
import { goldenStage, rehearsalStage } from '../../pipeline.io.ts';
import { explainProof, type Rehearsal, type RehearsalEvent } from '../../rehearsal/index.ts';
import { stagesOf } from '../../activity/index.ts';
import { reported, tellRehearsal } from '../activity.io.ts';
import { openWork, withHost } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Rehearses a sealed release on a clone; exit 1 where the rehearsal failed. */
export const run: Run = async (context) => {
  const { terminal, signal, options } = context;
  const work = await openWork(context);
  const { setup, sealed, store } = work;
  const course = { sealed, store };
  const activity = { ...work, kind: 'rehearsal', target: 'a clone', courseOf: stagesOf } as const;
  return withHost(setup, (host) =>
    reported(context, activity, async (reporter) => {
      if (options['golden'] === true || (await host.golden()) === null) {
        reporter.tell({ stage: 'golden' });
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
        onProgress: (event) => {
          terminal.progress(progressText(event));
          tellRehearsal(reporter, event);
        },
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
    }),
  );
};

function progressText(event: RehearsalEvent): string {
  if (event.state !== 'step') return `${event.stage} ${event.state}`;
  const { tier, direction, n, of, title } = event;
  return printable(`${tier} ${direction}: ${n} of ${of} ${title}`);
}

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
