import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { OneRoofError } from '../core/index.ts';
import { follows, readRegistry, type Registry, registryDocument } from '../gate/index.ts';
import { type Setup } from '../setup/index.ts';
import { nextVersion } from '../web/index.ts';
import { type Context } from './verb.ts';

/** The next version of the registry while it is being made: it counts nowhere before the quorum has signed it. */
export interface Draft {
  readonly registry: Registry;
  /** Where it is written. */
  readonly file: string;
}

/**
 * Begins the next version of the registry, or takes up the one that stands in the file already: several changes are one version.
 *
 * Errors  CHANGE_NOT_NEXT where that file holds something other than the version after the registry; USAGE.
 */
export function openDraft({ options, folder }: Context, { registryFile }: Setup): Draft {
  const current = existsSync(registryFile) ? readRegistry(registryFile) : null;
  const first = options['first'] === true;
  const beside = current === null || first ? registryFile : nextFile(registryFile);
  const file = typeof options['out'] === 'string' ? resolve(folder, options['out']) : beside;
  if (first && current !== null) {
    if (current.version === 1) return { registry: current, file };
    throw new OneRoofError('USAGE', {
      problem: `--first is for a registry that no gate was installed with yet; ${registryFile} is version ${current.version}`,
      fix: 'leave it out: the quorum signs the next version',
    });
  }
  if (current === null || file === registryFile || !existsSync(file)) return { registry: nextVersion(current), file };
  const begun = readRegistry(file);
  if (follows(begun, current)) return { registry: begun, file };
  throw new OneRoofError('CHANGE_NOT_NEXT', {
    problem: `${file} is not the version after ${registryFile}`,
    fix: `once it is in force everywhere it takes the place of ${registryFile}; otherwise move it away, and begin anew`,
  });
}

/** Writes a draft. Beside it first: a registry that is half written would lock everybody out. */
export function writeDraft({ registry, file }: Draft): void {
  writeFileSync(`${file}.part`, registryDocument(registry), { mode: 0o644 });
  renameSync(`${file}.part`, file);
}

/** registry.json: registry.next.json. */
function nextFile(file: string): string {
  const ending = extname(file);
  return `${file.slice(0, file.length - ending.length)}.next${ending}`;
}
