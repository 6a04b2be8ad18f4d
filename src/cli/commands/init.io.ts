import { join, relative, resolve } from 'node:path';
import { OneRoofError, printable } from '../../core/index.ts';
import { initRelease } from '../../release/index.ts';
import { initSetup } from '../../setup/index.ts';
import { inFolder, sameFor } from '../next.ts';
import { type Run } from '../verb.ts';

/** Writes a commented oneroof.yaml, and a release where a folder is named; refuses to overwrite a file. */
export const run: Run = async (context) => {
  const { folder, terminal } = context;
  const [release] = context.arguments;
  const doctor = inFolder(context, 'doctor');
  const show = (path: string): string => printable(relative(process.cwd(), path));
  if (release === undefined) {
    const file = await initSetup(folder);
    const next = `edit ${show(file)}, then ${doctor}`;
    return { exit: 0, schema: 'oneroof/init/1', data: { file, release: [] }, text: show(file), next };
  }
  const made = await initSetup(folder).catch((error: unknown) => {
    if (error instanceof OneRoofError && error.code === 'ALREADY_EXISTS') return null;
    throw error;
  });
  const file = made ?? join(resolve(folder), 'oneroof.yaml');
  if (made === null) terminal.say(`${show(file)} is there already and stays as it is.`);
  const files = await initRelease(resolve(folder, release));
  const next = `edit ${show(file)}, then ${doctor}; write the release, then ${sameFor(context, 'lint')}`;
  const written = made === null ? files : [made, ...files];
  return {
    exit: 0,
    schema: 'oneroof/init/1',
    data: { file, release: files },
    text: written.map(show).join('\n'),
    next,
  };
};
