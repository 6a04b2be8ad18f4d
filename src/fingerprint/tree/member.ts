import type { Json } from '../../core/index.ts';
import type { NodeDraft } from './node.ts';

/** PostgreSQL's words for the kinds of objects in `pg_identify_object`, where they are not the ones of a fingerprint. */
const words: Readonly<Record<string, string>> = { domain: 'type' };

/** Whether an extension lists an object among its members. */
export function isMemberOf(
  { kind, name }: Pick<NodeDraft, 'kind' | 'name'>,
  extension: Readonly<Record<string, Json>>,
): boolean {
  const { members } = extension;
  if (!Array.isArray(members)) return false;
  const wanted = normal(`${words[kind] ?? kind} ${name}`);
  return members.some((member: Json) => typeof member === 'string' && normal(member) === wanted);
}

/** Without what is written in two ways: system types with and without their schema, blanks, case of USING. */
function normal(identity: string): string {
  return identity.replaceAll('pg_catalog.', '').replaceAll(' ', '').toLowerCase();
}
