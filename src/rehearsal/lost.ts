import { z } from 'zod';
import { canonicalJson, type Formed, type Json, truncate } from '../core/index.ts';
import { type Difference } from '../fingerprint/index.ts';
import { type Done, madeAgain, type Work } from './done.ts';
import { partsOf } from './object-sql.ts';

/** An object that the forward makes again, and what it has lost by that. */
export const lostForm = z.object({
  kind: z.string(),
  name: z.string(),
  /** In words of SQL: `GRANT SELECT to app`, `COMMENT`, `security_invoker=true`. */
  what: z.array(z.string()),
  /** The statement that makes it again, as `file:line`. */
  by: z.string(),
});
export type Lost = Formed<typeof lostForm>;

/** Objects that are named, and characters of one thing. */
const mostObjects = 50;
const mostCharacters = 120;

/** Parts that go with a relation when it is dropped, and do not come back with it. */
const parts: readonly string[] = ['trigger', 'rule', 'policy', 'constraint', 'column'];

/**
 * The forward drops an object and makes it again, or replaces it: this names the privileges, options, settings, comments and triggers that are lost.
 * Where the rollback is right, no comparison after it shows them.
 */
export function lostOf(differences: readonly Difference[], work: Work): readonly Lost[] {
  const found = new Map<string, Lost & { what: string[] }>();
  const statements = new Map<string, Done | null>();
  const again = (kind: string, name: string): Done | null => {
    const key = canonicalJson([kind, name]);
    const known = statements.get(key);
    if (known !== undefined) return known;
    const by = madeAgain(work, { kind, name });
    statements.set(key, by);
    return by;
  };
  const isWhole = new Set(
    differences.filter(({ property }) => property === null).map(({ kind, name }) => canonicalJson([kind, name])),
  );
  for (const one of differences) {
    const what = one.level === 'logical' && one.in === 'schema' ? without(one) : [];
    if (what.length === 0) continue;
    const isPart = parts.includes(one.kind);
    const name = isPart ? partsOf(one.name).relation : one.name;
    const kinds = isPart ? ['view', 'materialized view', 'table', 'foreign table'] : [one.kind];
    for (const kind of kinds) {
      if (isWhole.has(canonicalJson([kind, name]))) continue;
      const by = again(kind, name);
      if (by === null) continue;
      const entry = found.get(name) ?? { kind, name, what: [], by: `${by.file}:${by.line}` };
      const prefix = one.kind === 'column' ? `column ${partsOf(one.name).own}: ` : '';
      entry.what.push(...what.map((text) => truncate(`${prefix}${text}`, mostCharacters)));
      found.set(name, entry);
      break;
    }
  }
  return [...found.values()].slice(0, mostObjects);
}

/** What an object had of its own and has no more, in words; a column that is gone is a change of its own. */
function without({ kind, name, property, before, after }: Difference): readonly string[] {
  if (property === null)
    return before !== null && after === null && parts.includes(kind) && kind !== 'column'
      ? [`${kind} ${partsOf(name).own}`]
      : [];
  const gone = minus(before, after);
  switch (property) {
    case 'privileges':
      return gone.map((entry) => `GRANT ${entry.replace(/ by \S+$/, '')}`);
    case 'options':
    case 'toastOptions':
      return gone.filter((entry) => !listed(after).some((other) => nameOf(other) === nameOf(entry)));
    case 'settings':
      return gone
        .filter((entry) => !listed(after).some((other) => nameOf(other) === nameOf(entry)))
        .map((entry) => `SET ${entry}`);
    case 'comment':
      return before !== null && after === null ? ['COMMENT'] : [];
    case 'securityDefiner':
      return before === true && after === false ? ['SECURITY DEFINER'] : [];
    case 'rowSecurity':
    case 'forceRowSecurity':
      return before === true && after === false ? ['row level security'] : [];
    default:
      return [];
  }
}

function nameOf(option: string): string {
  return option.split('=')[0] ?? '';
}

function listed(value: Json): readonly string[] {
  return Array.isArray(value) ? value.map((one: Json) => (typeof one === 'string' ? one : canonicalJson(one))) : [];
}

function minus(before: Json, after: Json): readonly string[] {
  const now = new Set(listed(after));
  return listed(before).filter((one) => !now.has(one));
}
