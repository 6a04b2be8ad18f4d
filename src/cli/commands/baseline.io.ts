import { now, printable } from '../../core/index.ts';
import { readBaseline } from '../../gate/index.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Measures every metric and the schema's digest of a target, at entry and at exit, read-only. */
export const run: CommandRun = async (context) => {
  const { setup, sealed } = await openWork(context);
  const target = targetFor(setup, context);
  const { entry, exit, harmless, changedMeanwhile } = await readBaseline({ release: sealed, target, at: now() });
  const metrics = Object.entries(exit?.metrics ?? {}).map(
    ([name, value]) => `${name}=${value.toLocaleString('en-US')}`,
  );
  const same =
    changedMeanwhile.length === 0
      ? 'entry == exit'
      : `changed by others during the reading: ${changedMeanwhile.join(', ')}`;
  return {
    exit: 0,
    schema: 'oneroof/baseline/2',
    data: { target: target.name, atEntry: entry, atExit: exit, harmless, changedMeanwhile },
    text: printable(`db=${sealed.release.database}, ${metrics.join(', ')}`) + `\n${printable(same)}`,
  };
};
