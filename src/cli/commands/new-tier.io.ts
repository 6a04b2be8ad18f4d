import { relative } from 'node:path';
import { printable } from '../../core/index.ts';
import { newTier } from '../../release/index.ts';
import { releaseFolder } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Adds an empty tier to a release, after its last one. */
export const run: Run = async (context) => {
  const [release = '.', name = ''] = context.arguments;
  const files = await newTier(releaseFolder(context), name);
  context.terminal.say(`Next: write its statements and its title, then run \`oneroof lint ${printable(release)}\`.`);
  const text = files.map((file) => printable(relative(process.cwd(), file))).join('\n');
  return { exit: 0, schema: 'oneroof/new-tier/1', data: { files }, text };
};
