import { existsSync } from 'node:fs';
import { readPolicy, readRegistry } from './documents.io.ts';
import { type Pin } from './terms.ts';

/**
 * What the files of oneroof.yaml say of a target's registry: nothing where there is none.
 *
 * Errors  those of readPolicy and readRegistry.
 */
export function readPin({
  registryFile,
  policyFile,
}: {
  readonly registryFile: string;
  readonly policyFile: string;
}): Pin {
  if (!existsSync(registryFile)) return { pinned: 'nothing' };
  const policy = existsSync(policyFile) ? readPolicy(policyFile) : null;
  return { pinned: 'registry', registry: readRegistry(registryFile), policy };
}
