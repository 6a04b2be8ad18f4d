import { z } from 'zod';
import { canonicalJson, type Formed, type Json, truncate } from '../../core/index.ts';
import { type Difference } from '../../fingerprint/index.ts';
import { partsOf } from './object-sql.ts';
import { type Done, madeAgain, type ReleaseWork, written } from './release-work.ts';

/** An object that the forward run creates again, and what it lost. */
export const lostForm = z.object({
  kind: z.string(),
  name: z.string(),
  /** As SQL words: `GRANT SELECT to app`, `COMMENT`, `security_invoker=true`. */
  what: z.array(z.string()),
  /** The statement that makes it again, as `file:line`. */
  by: z.string(),
});
export type LostChange = Formed<typeof lostForm>;

/** Objects that are named, and characters of one thing. */
const mostObjects = 50;
const mostCharacters = 120;

/** Parts that are dropped with a relation and not restored with it. */
const parts: readonly string[] = ['trigger', 'rule', 'policy', 'constraint', 'column'];

/**
 * The forward run drops an object and makes it again, or replaces it: this names the owner, privileges, options, settings, comments and triggers that
 * are lost, and the REVOKE that are.
 * If the rollback is correct, a comparison after it does not show them.
 */
export function lostOf(differences: readonly Difference[], work: ReleaseWork): readonly LostChange[] {
  const found = new Map<string, LostChange & { what: string[] }>();
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
    if (one.level !== 'logical' || one.in !== 'schema') continue;
    const isPart = parts.includes(one.kind);
    const name = isPart ? partsOf(one.name).relation : one.name;
    const what = [...without(one), ...opened(one, work, name)];
    if (what.length === 0) continue;
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

/** What an object had and lost, as text; a dropped column is a separate change. */
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
    case 'owner':
      return typeof before === 'string' ? [`OWNER TO ${before}`] : [];
    case 'rowSecurity':
      return before === true && after === false ? ['row level security'] : [];
    case 'forceRowSecurity':
      return before === true && after === false ? ['FORCE row level security'] : [];
    default:
      return [];
  }
}

/** What others may do with an object that is made again, and could not before: a REVOKE that is lost. A GRANT of the release says so by itself. */
function opened({ property, before, after }: Difference, work: ReleaseWork, name: string): readonly string[] {
  if (property !== 'privileges') return [];
  const { made } = written(work, { direction: 'up', relation: name });
  if (made.some(({ sql }) => /^\s*grant\b/i.test(sql))) return [];
  return minus(after, before).map((entry) => `REVOKE ${entry.replace(/ by \S+$/, '').replace(' to ', ' FROM ')}`);
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
