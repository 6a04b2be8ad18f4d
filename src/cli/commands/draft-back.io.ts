import { relative, resolve } from 'node:path';
import { printable } from '../../core/index.ts';
import { openObserver } from '../../database/index.ts';
import { cyclesOf, type CycleRows, isInPlace, isMarked, readCyclesOf } from '../../gate/index.ts';
import { quoted } from '../../report/index.ts';
import { type RolledOut, writeDraftBack } from '../../release/index.ts';
import { sameFor } from '../next-command.ts';
import { releaseFolder } from '../release-folder.ts';
import { type CommandRun } from '../verb.ts';
import { openWork, targetFor } from '../work.io.ts';

/** Writes a new release that undoes what is rolled out on a target, from its present state. */
export const run: CommandRun = async (context) => {
  const { setup, sealed } = await openWork(context);
  const target = targetFor(setup, context);
  const from = releaseFolder(context);
  const { out } = context.options;
  const folder = typeof out === 'string' ? resolve(context.folder, out) : `${from}-back`;
  const observer = await openObserver(target.observer, { applicationName: 'oneroof draft' });
  const cycles = await observer
    .snapshot((reading) => readCyclesOf(reading, sealed.seal))
    .finally(() => observer.close());
  const commands = {
    rollback: sameFor(context, 'rollback'),
    rollout: sameFor(context, 'rollout'),
    elsewhere: `${sameFor({ ...context, options: {} }, 'draft back')} --target NAME`,
  };
  const rolledOut = { target: target.name, commands, ...stateOf(cyclesOf(cycles, sealed.seal).find(isInPlace)) };
  const files = await writeDraftBack({ from, folder, release: sealed.release, rolledOut });
  const show = (path: string): string => relative(process.cwd(), path);
  const name = quoted(show(folder));
  return {
    exit: 0,
    schema: 'oneroof/draft-back/1',
    data: { target: target.name, folder, files },
    text: files.map((file) => printable(show(file))).join('\n'),
    next: `read and edit it, then oneroof lint ${name}, seal, rehearse --golden, ratify and rollout, as for any release; then the quorum abandons the old release: oneroof abandon ${quoted(context.arguments[0] ?? '.')} --reason WHY`,
  };
};

function stateOf(cycle: CycleRows | undefined): Pick<RolledOut, 'tiers' | 'halfWay'> {
  if (cycle === undefined) return { tiers: [], halfWay: [] };
  const ups = new Set(cycle.done.flatMap(({ tier, direction }) => (direction === 'up' ? [tier] : [])));
  return {
    tiers: [...ups].filter((tier) => !isMarked(cycle, tier, 'down')),
    halfWay: [
      ...new Set(cycle.steps.flatMap(({ tier, direction }) => (isMarked(cycle, tier, direction) ? [] : [tier]))),
    ],
  };
}
