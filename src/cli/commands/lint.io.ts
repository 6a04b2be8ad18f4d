import { OneRoofError } from '../../core/index.ts';
import { hintBatches, lintRelease, loadParser } from '../../release/index.ts';
import { sameFor } from '../next-command.ts';
import { releaseFolder } from '../release-folder.ts';
import { type CommandRun } from '../verb.ts';

/** Says everything that is wrong with a release; refused (exit 3) when anything is. */
export const run: CommandRun = async (context) => {
  const folder = releaseFolder(context);
  const { release, problems } = await lintRelease(folder);
  OneRoofError.throwIfAny(problems);
  if (release !== null)
    for (const hint of hintBatches(release, await loadParser())) context.terminal.say(`hint: ${hint}`);
  const tiers = release?.tiers ?? [];
  const steps = tiers.reduce((sum, { up, down }) => sum + up.length + down.length, 0);
  return {
    exit: 0,
    schema: 'oneroof/lint/1',
    data: { name: release?.name, tiers: tiers.length, steps },
    text: `${release?.name}: ${tiers.length} tiers, ${steps} steps, nothing to correct`,
    next: sameFor(context, 'seal'),
  };
};
