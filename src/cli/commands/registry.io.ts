import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable } from '../../core/index.ts';
import {
  type Passkey,
  readPolicyAndRegistry,
  readRegistry,
  type Registry,
  registryDigest,
  registryDocument,
} from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import { type Context, type CommandRun } from '../verb.ts';

interface Loaded {
  readonly file: string;
  /** The policy that the registry was checked against; null where there is none yet. */
  readonly policy: string | null;
  readonly registry: Registry;
}

/** The command of a name of the group `registry`. */
export function registryVerb(name: 'check' | 'show'): { readonly run: CommandRun } {
  return { run: name === 'check' ? check : show };
}

/** Checks the registry by itself, and against the policy where there is one. */
const check: CommandRun = async (context) => {
  const { setup, file } = await locate(context);
  const hasPolicy = existsSync(setup.policyFile);
  const registry = hasPolicy
    ? readPolicyAndRegistry({ policy: setup.policyFile, registry: file }).registry
    : readRegistry(file);
  const policy = hasPolicy ? setup.policyFile : null;
  return {
    ...outcome({ file, policy, registry }),
    text: [
      summary(registry),
      policy === null
        ? `not compared with a policy: ${setup.policyFile} does not exist yet`
        : `every seat and the quorum of the policy can be filled: ${policy}`,
    ].join('\n'),
  };
};

/** Shows the registry, whether or not it fits the policy. */
const show: CommandRun = async (context) => {
  const { file } = await locate(context);
  const registry = readRegistry(file);
  return {
    ...outcome({ file, policy: null, registry }),
    text: [
      summary(registry),
      ...registry.persons.flatMap(({ id, name, level, keys }) => [
        `${id}  ${printable(name)}, level ${level}${keys.length === 0 ? ', no key' : ''}`,
        ...keys.map((key) => `  ${describeKey(key)}`),
      ]),
      ...registry.software.map(({ id, key, may }) => `${id}  software, fills no seat, may ${may.join(', ')}: ${key}`),
    ].join('\n'),
  };
};

async function locate({ folder, arguments: [named] }: Context) {
  const setup = await readSetup(folder);
  return { setup, file: named === undefined ? setup.registryFile : resolve(folder, named) };
}

function outcome({ file, policy, registry }: Loaded) {
  const digest = registryDigest(registry);
  return {
    exit: 0,
    schema: 'oneroof/registry/1',
    data: { file, policy, digest, document: registryDocument(registry), registry },
  } as const;
}

function summary(registry: Registry): string {
  const { version, persons, software } = registry;
  const keys = persons.reduce((sum, person) => sum + person.keys.length, 0);
  const people = `${persons.length} ${persons.length === 1 ? 'person' : 'persons'}`;
  return `registry version ${version}: ${registryDigest(registry)}\n${people} with ${keys} ${keys === 1 ? 'key' : 'keys'}, ${software.length} of software`;
}

function describeKey({ label, device, aaguid, x, credential, attestation }: Passkey): string {
  const attested = attestation === undefined ? '' : ', attested';
  return `${printable(label)}: ${device}, model ${aaguid}${attested}, key ${x.slice(0, 12)}, credential ${credential.slice(0, 12)}`;
}
