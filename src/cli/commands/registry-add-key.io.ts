import { OneRoofError, printable, stated } from '../../core/index.ts';
import {
  parseRegistryDocument,
  type Registry,
  registryDigest,
  registryDocument,
  type Right,
  rights,
} from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import { openDraft, writeDraft } from '../draft.io.ts';
import { type CommandRun } from '../verb.ts';
import { openStore } from '../../store.io.ts';

/** Writes the next version of the registry with a software key and its rights; a key with the same id is replaced. */
export const run: CommandRun = async (context) => {
  const setup = await readSetup(context.folder);
  const [id = ''] = context.arguments;
  const named = context.options['key'];
  const key =
    typeof named === 'string' ? named.trim().split(/\s+/).slice(0, 2).join(' ') : await openStore(setup).ownKey();
  const may = rightsIn(context.options['may']);
  const draft = openDraft(context, setup);
  const others = draft.registry.software.filter((one) => one.id !== id);
  const registry = checked({ ...draft.registry, software: [...others, { id, key, may }] });
  writeDraft({ ...draft, registry });
  const { version } = registry;
  return {
    exit: 0,
    schema: 'oneroof/registry-add-key/1',
    data: { file: draft.file, id, key, may, version, digest: registryDigest(registry) },
    text: [
      `${id} may ${may.join(', ')} in registry version ${version}, which is written to ${printable(draft.file)}: ${key}`,
      ...(version === 1
        ? []
        : [`next: oneroof ratify --registry ${printable(draft.file)}; until then nothing has changed`]),
    ].join('\n'),
  };
};

function rightsIn(option: string | boolean | undefined): readonly Right[] {
  const words = typeof option === 'string' ? option.split(',').map((word) => word.trim()) : [];
  const may = rights.filter((right) => words.includes(right));
  const strange = words.filter((word) => !rights.some((right) => right === word));
  if (may.length > 0 && strange.length === 0) return may;
  throw new OneRoofError('USAGE', {
    ...(strange.length > 0
      ? stated`--may ${{ rights: strange.map(printable) }}: this right does not exist`
      : stated`--may names no right`),
    fix: `name the rights of the key: --may ${rights.join(',')}, or some of them`,
  });
}

/** By the form that every registry has. */
function checked(registry: Registry): Registry {
  const parsed = parseRegistryDocument({ file: 'the next registry', text: registryDocument(registry) });
  if (parsed.ok) return parsed.value;
  OneRoofError.throwIfAny(parsed.problems);
  return registry;
}
