import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isNonEmpty, OneRoofError, type Problem, stated } from '../core/index.ts';
import { type Parsed } from '../yaml/index.ts';
import { type Policy, type Registry } from './documents.ts';
import { parsePolicy, type UntrustedText } from './policy.ts';
import { type ReadFile } from './policy-form.ts';
import { checkAgainst, parseRegistry } from './registry.ts';

type Checked<T> = Extract<Parsed<T>, { ok: true }>;

/**
 * Reads a policy.
 *
 * Errors  CONFIG_NOT_FOUND, FILE_UNREADABLE, POLICY_INVALID, YAML_SYNTAX: all problems at once.
 */
export function readPolicy(file: string): Policy {
  return accepted(parsePolicy(written(file, 'policyFile'), besides(file))).value;
}

/**
 * Reads a registry.
 *
 * Errors  CONFIG_NOT_FOUND, FILE_UNREADABLE, REGISTRY_INVALID, YAML_SYNTAX: all problems at once.
 */
export function readRegistry(file: string): Registry {
  return accepted(parseRegistry(written(file, 'registryFile'))).value;
}

/**
 * Reads a policy and a registry that belong together: none of the seats is one that no one could fill.
 *
 * Errors  those of readPolicy and readRegistry; SEATS_UNFILLABLE, AUTHENTICATOR_REFUSED, ATTESTATION_REFUSED.
 */
export function readPolicyAndRegistry(files: { readonly policy: string; readonly registry: string }): {
  readonly policy: Policy;
  readonly registry: Registry;
} {
  const parsed = {
    policy: parsePolicy(written(files.policy, 'policyFile'), besides(files.policy)),
    registry: parseRegistry(written(files.registry, 'registryFile')),
  };
  // both files are read before either is refused, so that a reader hears of everything at once
  OneRoofError.throwIfAny([parsed.policy, parsed.registry].flatMap((one) => (one.ok ? [] : one.problems)));
  const [policy, registry] = [accepted(parsed.policy), accepted(parsed.registry)];
  OneRoofError.throwIfAny(
    checkAgainst(policy.value, registry.value).map(
      ({ document, path, ...problem }): Problem => ({
        ...problem,
        place: (document === 'policy' ? policy : registry).placeOf(path),
      }),
    ),
  );
  return { policy: policy.value, registry: registry.value };
}

/** Reads the files that a policy names, from the policy's own folder. */
function besides(file: string): ReadFile {
  return (name) => {
    try {
      return { text: readFileSync(resolve(dirname(file), name), 'utf8') };
    } catch (error) {
      return {
        problem: `${name} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'for an unknown reason'}`,
      };
    }
  };
}

function accepted<T>(parsed: Parsed<T>): Checked<T> {
  if (parsed.ok) return parsed;
  if (isNonEmpty(parsed.problems)) throw OneRoofError.of(parsed.problems);
  throw new OneRoofError('INTERNAL', { ...stated`a document was refused without a problem`, fix: 'please report it' });
}

/** What makes each file at first. */
const maker = {
  policyFile: '`oneroof policy init` writes a first one',
  registryFile:
    '`oneroof enrol --first --person ana --name "Ana" --level 4` creates it, with the passkey of its first person',
} as const;

function written(file: string, key: 'policyFile' | 'registryFile'): UntrustedText {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OneRoofError('CONFIG_NOT_FOUND', {
        ...stated`${{ file }} does not exist`,
        fix: `${maker[key]}; or name another file as ${key} in oneroof.yaml`,
        cause,
      });
    throw new OneRoofError('FILE_UNREADABLE', {
      ...stated`${{ file }} cannot be read: ${{ code: code ?? 'for an unknown reason' }}`,
      fix: 'check that it is a file, and who may read it',
      cause,
    });
  }
}
