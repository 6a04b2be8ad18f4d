import { join, resolve } from 'node:path';
import { OneRoofError } from '../core/index.ts';
import { filesNamed, pinFiles } from './pinned-files.io.ts';
import { readSetup } from './read-setup.io.ts';

/** Keeps to oneroof.yaml as it is now, and to the files below its folder that are in a command of it. A folder without one keeps to that. */
export async function pinSetup(folder: string): Promise<void> {
  const root = resolve(folder);
  pinFiles([join(root, 'oneroof.yaml')]);
  const clone = await readSetup(root).then(
    (setup) => setup.clone,
    (error: unknown) => {
      // each call says what is wrong with it
      if (error instanceof OneRoofError) return null;
      throw error;
    },
  );
  const mask = clone !== null && 'mask' in clone ? (clone.mask?.command?.run ?? []) : [];
  const program = clone?.provider === 'exec' ? clone.command : [];
  pinFiles(filesNamed(root, [...program, ...mask]));
}
