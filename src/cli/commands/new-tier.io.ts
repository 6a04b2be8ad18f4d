import { relative } from 'node:path';
import { printable } from '../../core/index.ts';
import { newTier } from '../../release/index.ts';
import { sameFor } from '../next-command.ts';
import { releaseFolder } from '../release-folder.ts';
import { type CommandRun } from '../verb.ts';

/** Adds an empty tier to a release, after its last one. */
export const run: CommandRun = async (context) => {
  const [, name = ''] = context.arguments;
  const files = await newTier(releaseFolder(context), name);
  const next = `write its statements and its title, then ${sameFor(context, 'lint')}`;
  const text = files.map((file) => printable(relative(process.cwd(), file))).join('\n');
  return { exit: 0, schema: 'oneroof/new-tier/1', data: { files }, text, next };
};
