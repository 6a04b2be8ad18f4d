import { printable } from '../../core/index.ts';
import { readPolicy, registryDigest } from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import { dropFrom } from '../../signing/index.ts';
import { openDraft, writeDraft } from '../draft.io.ts';
import { type CommandRun } from '../verb.ts';

/** Writes the next version of the registry without a person, without one of their keys, or without a key of software; refuses what would lock everyone out. */
export const run: CommandRun = async (context) => {
  const setup = await readSetup(context.folder);
  const [person = ''] = context.arguments;
  const key = typeof context.options['key'] === 'string' ? context.options['key'] : null;
  const draft = openDraft(context, setup);
  const isSoftware = key === null && draft.registry.software.some(({ id }) => id === person);
  const registry = isSoftware
    ? { ...draft.registry, software: draft.registry.software.filter(({ id }) => id !== person) }
    : dropFrom(draft.registry, { policy: readPolicy(setup.policyFile), leaving: { person, key } });
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
