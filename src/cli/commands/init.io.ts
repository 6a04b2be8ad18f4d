import { join, relative, resolve } from 'node:path';
import { OneRoofError, printable } from '../../core/index.ts';
import { initRelease } from '../../release/index.ts';
import { initSetup } from '../../setup/index.ts';
import { type Run } from '../verb.ts';

/** Writes a commented oneroof.yaml, and a release where a folder is named; refuses to overwrite a file. */
export const run: Run = async ({ arguments: [release], folder, terminal }) => {
  const show = (path: string): string => printable(relative(process.cwd(), path));
  if (release === undefined) {
    const file = await initSetup(folder);
    terminal.say(`Next: edit ${show(file)}, then run \`oneroof doctor\`.`);
    return { exit: 0, schema: 'oneroof/init/1', data: { file, release: [] }, text: show(file) };
  }
  const made = await initSetup(folder).catch((error: unknown) => {
    if (error instanceof OneRoofError && error.code === 'ALREADY_EXISTS') return null;
    throw error;
  });
  const file = made ?? join(resolve(folder), 'oneroof.yaml');
  if (made === null) terminal.say(`${show(file)} is there already and stays as it is.`);
  const files = await initRelease(resolve(folder, release));
  terminal.say(`Next: edit the release, then run \`oneroof lint ${printable(release)}\`.`);
  const written = made === null ? files : [made, ...files];
  return { exit: 0, schema: 'oneroof/init/1', data: { file, release: files }, text: written.map(show).join('\n') };
};
