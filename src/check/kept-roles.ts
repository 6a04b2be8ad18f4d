import { sqlStateOf } from '../database/index.ts';
import { wholeDetail, wholeMessage } from './said-error.ts';
import { type Sent } from './sent.ts';

/** What the server says where nothing in the database itself keeps a role, but another one of the private server does. */
const elsewhere = /^(?:\d+ objects? in database oneroof_\w+\n?)+$/;

/**
 * The role that a server does not drop because of the database that is judged beside the copy; null: the failure is another one. A tool has one database,
 * and the role would be dropped there.
 *
 * Source  PostgreSQL manual, "Dropping Roles"; the detail of `dependent_objects_still_exist`.
 */
export function keptRole(error: unknown): string | null {
  if (sqlStateOf(error) !== '2BP01' || !elsewhere.test(wholeDetail(error))) return null;
  return /^role "(?<name>.+)" cannot be dropped because /s.exec(wholeMessage(error))?.groups?.['name'] ?? null;
}

/** At the end of a name, which so keeps its place in a list of privileges. */
const mark = '_oneroof_dropped';

/** Objects of the database before the migration, with the names that its roles have there: a role belongs to the whole server. */
export function withKept<T>(objects: readonly T[]): readonly T[] {
  const text = JSON.stringify(objects);
  return text.includes(mark) ? (JSON.parse(text.replaceAll(mark, '')) as readonly T[]) : objects;
}

interface RoleSpec {
  readonly RoleSpec?: { readonly rolename?: string };
}

/** What is sent for a statement: DROP ROLE gives another name to those roles that must stay, which to the copy is the same. */
export function withoutKept({ kind, tree, sql }: Sent, kept: ReadonlySet<string>): string {
  if (kind !== 'DropRoleStmt' || kept.size === 0) return sql;
  const { roles = [], missing_ok: ifExists } = tree[kind] as {
    readonly roles?: readonly RoleSpec[];
    readonly missing_ok?: boolean;
  };
  const names = roles.flatMap(({ RoleSpec: spec }) => (spec?.rolename === undefined ? [] : [spec.rolename]));
  if (!names.some((name) => kept.has(name))) return sql;
  return names
    .map((name) =>
      kept.has(name)
        ? `alter role ${quoted(name)} rename to ${quoted(`${name}${mark}`)}`
        : `drop role ${ifExists === true ? 'if exists ' : ''}${quoted(name)}`,
    )
    .join('; ');
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
