import { canonicalJson, type Json } from '../core/index.ts';
import { compareObjects, type Difference, type SchemaObject } from '../fingerprint/index.ts';
import { withKept } from './kept-roles.ts';

/**
 * How two schemas differ, for people who have migrations: without the names that PostgreSQL 18 chose for NOT NULL constraints. They come from the table's
 * and the column's names at that moment, so that a NOT NULL that is dropped and set again after a rename has another one, which earlier versions do not
 * keep and no one wrote. And without what the check itself did to a role.
 *
 * Source  PostgreSQL 18, release notes; docs/CHECK.md "What it does not see".
 */
export function compareWritten(before: readonly SchemaObject[], after: readonly SchemaObject[]): readonly Difference[] {
  const all = compareObjects(withKept(before), withKept(after));
  const gone = new Map<string, Difference[]>();
  for (const one of all) {
    const key = one.after === null ? notNullOf(one, one.before) : null;
    if (key !== null) gone.set(key, [...(gone.get(key) ?? []), one]);
  }
  const renamed = new Set<Difference>();
  for (const one of all) {
    const key = one.before === null ? notNullOf(one, one.after) : null;
    const former = key === null ? undefined : gone.get(key)?.pop();
    if (former !== undefined) [former, one].forEach((either) => renamed.add(either));
  }
  return all.filter((one) => !renamed.has(one));
}

/** Of a NOT NULL whose name the server may have chosen: its table and all of its properties, but not its name. */
function notNullOf({ kind, name, property }: Difference, properties: Json): string | null {
  if (kind !== 'constraint' || property !== null || !/_not_null\d*"?$/.test(name)) return null;
  const { type } = properties as { readonly type?: Json };
  return type === 'n' ? canonicalJson([name.replace(/\.(?:"(?:[^"]|"")*"|[^."]+)$/, ''), properties]) : null;
}
