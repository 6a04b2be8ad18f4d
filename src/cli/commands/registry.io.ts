import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { OneRoofError, printable } from '../../core/index.ts';
import {
  checkAgainst,
  type Passkey,
  readPolicy,
  readPolicyAndRegistry,
  readRegistry,
  type Registry,
  registryDigest,
  registryDocument,
} from '../../gate/index.ts';
import { readSetup } from '../../setup/index.ts';
import { without } from '../../web/index.ts';
import { openDraft, writeDraft } from '../draft.io.ts';
import { type Context, type Run } from '../verb.ts';

interface Loaded {
  readonly file: string;
  /** The policy that the registry was checked against; null where there is none yet. */
  readonly policy: string | null;
  readonly registry: Registry;
}

/** The command of a name of the group `registry`. */
export function registryVerb(name: 'check' | 'show' | 'drop'): { readonly run: Run } {
  return { run: { check, show, drop }[name] };
}

/** Writes the next version of the registry without a person, or without one key; refuses what would lock everybody out. */
const drop: Run = async (context) => {
  const setup = await readSetup(context.folder);
  const [person = ''] = context.arguments;
  const key = typeof context.options['key'] === 'string' ? context.options['key'] : null;
  const draft = openDraft(context, setup);
  const registry = without(draft.registry, { person, key });
  // keys that do not count may be dropped one after the other: only what nobody could undo is refused
  OneRoofError.throwIfAny(
    checkAgainst(readPolicy(setup.policyFile), registry)
      .filter(({ code }) => code === 'SEATS_UNFILLABLE')
      .map(({ code, problem, fix }) => ({ code, problem, fix })),
  );
  writeDraft({ ...draft, registry });
  const { version } = registry;
  return {
    exit: 0,
    schema: 'oneroof/registry-drop/1',
    data: { file: draft.file, person, key, version, digest: registryDigest(registry) },
    text: [
      `${person} ${key === null ? 'is not in' : 'has a key less in'} registry version ${version}, which is written to ${printable(draft.file)}`,
      ...(version === 1
        ? []
        : [`next: oneroof ratify --registry ${printable(draft.file)}; until then nothing has changed`]),
    ].join('\n'),
  };
};

/** Checks the registry by itself, and against the policy where there is one. */
const check: Run = async (context) => {
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
        ? `not compared with a policy: ${setup.policyFile} is not there yet`
        : `every seat and the quorum of the policy can be filled: ${policy}`,
    ].join('\n'),
  };
};

/** Shows the registry, whether or not it fits the policy. */
const show: Run = async (context) => {
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
      ...registry.software.map(({ id, key }) => `${id}  software, fills no seat: ${key}`),
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
