import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';
import { follows, readRegistry, type Registry, registryDigest, registryDocument } from '../people/index.ts';
import { type Setup } from '../setup/index.ts';
import { nextVersion } from '../signing/index.ts';
import { type Context } from './verb.ts';

/** The next version of the registry while it is being made: it counts nowhere before the quorum has signed it. */
export interface RegistryDraft {
  readonly registry: Registry;
  /** Where it is written. */
  readonly file: string;
}

/**
 * Begins the next version of the registry, or takes up the one that is in the file already: several changes are one version.
 *
 * Errors  CHANGE_NOT_NEXT where that file holds something other than the version after the registry; USAGE.
 */
export function openDraft({ options, folder }: Context, { registryFile }: Setup): RegistryDraft {
  const current = existsSync(registryFile) ? readRegistry(registryFile) : null;
  const first = options['first'] === true;
  const beside = current === null || first ? registryFile : nextFile(registryFile);
  const file = typeof options['out'] === 'string' ? resolve(folder, options['out']) : beside;
  if (first && current !== null) {
    if (current.version === 1) return { registry: current, file };
    throw new OneRoofError('USAGE', {
      ...stated`--first is only for a registry before its gate is installed; ${{ registry: registryFile }} is version ${{ version: current.version }}`,
      fix: 'leave --first out: the quorum signs the next version',
    });
  }
  if (current === null || file === registryFile || !existsSync(file)) return { registry: nextVersion(current), file };
  const begun = readRegistry(file);
  if (follows(begun, current)) return { registry: begun, file };
  throw new OneRoofError('CHANGE_NOT_NEXT', {
    ...stated`${{ file }} ${{ why: whyNot(begun, current) }} ${{ registry: registryFile }}`,
    fix: `if it is in force everywhere: mv ${file} ${registryFile}; otherwise move it away and type this again: it begins version ${current.version + 1}`,
  });
}

function whyNot(begun: Registry, current: Registry): string {
  if (begun.version !== current.version)
    return `is version ${begun.version}, which was not made from version ${current.version} in`;
  return registryDigest(begun) === registryDigest(current)
    ? `is version ${current.version}, the same as`
    : `is another draft of version ${current.version} than the one (${registryDigest(current)}) in`;
}

/** Writes a draft. Beside it first: a registry that is half written would lock everyone out. */
export function writeDraft({ registry, file }: RegistryDraft): void {
  writeFileSync(`${file}.part`, registryDocument(registry), { mode: 0o644 });
  renameSync(`${file}.part`, file);
}

/** registry.json: registry.next.json. */
function nextFile(file: string): string {
  const ending = extname(file);
  return `${file.slice(0, file.length - ending.length)}.next${ending}`;
}
