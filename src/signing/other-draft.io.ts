import { type Digest, OneRoofError, printable, stated } from '../core/index.ts';
import { readRecord } from '../gate/index.ts';
import { parseRegistryDocument, type Registry, registryDigest } from '../people/index.ts';
import { type Relay } from './relay.io.ts';

/**
 * Refuses a registry whose version another draft has taken: which one is in force, who signed it, and since when, by the clock of the database.
 *
 * Errors  CHANGE_NOT_NEXT
 */
export async function refuseOtherDraft({ session, registry, target }: Relay, draft: Registry): Promise<void> {
  const inForce = registryDigest(registry);
  const mine = registryDigest(draft);
  if (draft.version !== registry.version || mine === inForce) return;
  const { documents, statements } = await readRecord(session, inForce as Digest);
  const document = documents.find(({ kind, digest }) => kind === 'registry' && digest === inForce);
  const signed = statements.find(({ digest }) => digest === document?.statement)?.signatures ?? [];
  // those who signed are in the registry before it: one of them may have left with this version
  const known = documents.flatMap(({ kind, body }) => (kind === 'registry' ? personsIn(body) : []));
  const names = signed.map(({ credential }) => known.find(({ keys }) => keys.includes(credential))?.name ?? credential);
  const by = names.length === 0 ? 'the installation' : [...new Set(names)].join(', ');
  const { version } = registry;
  throw new OneRoofError('CHANGE_NOT_NEXT', {
    ...stated`another draft of version ${{ version }} is in force in ${{ target: printable(target) }}: ${{ digestInForce: printable(inForce) }}, signed by ${{ signers: printable(by) }}, since ${{ acceptedAt: printable(document?.acceptedAt ?? 'an unknown time') }}; this draft of version ${String(version)} is ${{ digest: printable(mine) }}`,
    fix: `replace registry.json with the registry in force, remove this draft, and make the change again, as version ${version + 1}: oneroof enrol, oneroof registry drop or oneroof registry add-key`,
  });
}

function personsIn(text: string): readonly { readonly name: string; readonly keys: readonly string[] }[] {
  const parsed = parseRegistryDocument({ file: 'the registry', text });
  if (!parsed.ok) return [];
  return parsed.value.persons.map(({ id, keys }) => ({ name: id, keys: keys.map(({ credential }) => credential) }));
}
