import { existsSync } from 'node:fs';
import { readPolicy, readRegistry } from './documents.io.ts';
import { type Pin } from './terms.ts';

/**
 * Reads what the files of oneroof.yaml say about a target's registry; nothing if there is none.
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
