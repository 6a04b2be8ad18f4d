import { id } from '../database/index.ts';
import { asConcurrently } from '../release/index.ts';
import { type Hazard } from './check-result.ts';
import { inCaseOf } from './in-case-of.ts';
import { bareName } from './last-part.ts';
import { type NamedTable, namedTable } from './named-table.ts';
import { type OldTable } from './probe.io.ts';
import { type Sent } from './sent.ts';

/** An index that a statement builds CONCURRENTLY. */
interface ConcurrentIndex {
  readonly schema: string | null;
  readonly table: string;
  /** null: PostgreSQL gives it one. */
  readonly name: string | null;
  readonly isTakenIfThere: boolean;
}

/** What a CREATE INDEX CONCURRENTLY builds; null: the statement is another one. */
function concurrentIndex({ kind, tree }: Sent): ConcurrentIndex | null {
  if (kind !== 'IndexStmt') return null;
  const { concurrent, idxname, if_not_exists, relation } = tree[kind] as {
    readonly concurrent?: boolean;
    readonly idxname?: string;
    readonly if_not_exists?: boolean;
    readonly relation?: NamedTable;
  };
  if (concurrent !== true) return null;
  return { ...namedTable(relation), name: idxname ?? null, isTakenIfThere: if_not_exists === true };
}

/** What a failed statement leaves behind, in words; null: nothing. */
export function leftInvalid(sent: Sent): string | null {
  const index = concurrentIndex(sent);
  if (index === null) return null;
  return index.name === null
    ? `it leaves an invalid index of ${index.table} behind: drop it before the next run`
    : `it leaves the invalid index ${index.name} behind, if it has begun to build it: ${dropOf(sent, { ...index, name: index.name })} before the next run`;
}

/**
 * What a cut-off CREATE INDEX CONCURRENTLY comes to, by its words: an invalid index, which writes pay for and no query uses.
 *
 * Shape   none where the table has no rows, or a statement of the same script has dropped an index of that name.
 * Source  PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
 */
export function cutOffIndex(
  sent: Sent,
  { earlier, old }: { readonly earlier: readonly Sent[]; readonly old: readonly OldTable[] },
): readonly (readonly [relation: string, Pick<Hazard, 'code' | 'level' | 'measured' | 'facts' | 'rule' | 'safer'>])[] {
  const index = concurrentIndex(sent);
  if (index?.name == null || earlier.some((one) => dropped(one).includes(index.name ?? ''))) return [];
  const { schema, table, name, isTakenIfThere } = index;
  if (!old.some((one) => bareName(one.name) === table)) return [];
  const drop = dropOf(sent, { schema, name });
  return [
    [
      `${schema ?? 'public'}.${table}`,
      {
        code: 'leaves-invalid-index',
        level: isTakenIfThere ? 'warning' : 'note',
        measured: isTakenIfThere
          ? `cut off, it leaves the invalid index ${name}; run again, IF NOT EXISTS takes that for done, and no query ever uses the index`
          : `cut off, it leaves the invalid index ${name}; run again, it fails because the name exists`,
        facts: { index: name },
        rule: 'drop the index before it is built, so that the next run can repair it; a release of oneroof import does so by itself',
        safer: `${drop}\n${asConcurrently(sent.sql)};`,
      },
    ],
  ];
}

function dropOf({ sql }: Sent, { schema, name }: { readonly schema: string | null; readonly name: string }): string {
  return `${inCaseOf(sql)('drop index concurrently if exists')} ${id(...(schema === null ? [] : [schema]), name).text};`;
}

/** The names of indexes that a statement drops, without schemas. */
function dropped({ kind, tree }: Sent): readonly string[] {
  if (kind !== 'DropStmt') return [];
  const { removeType, objects = [] } = tree[kind] as {
    readonly removeType?: string;
    readonly objects?: readonly { List?: { items: readonly { String?: { sval?: string } }[] } }[];
  };
  return removeType === 'OBJECT_INDEX'
    ? objects.flatMap(({ List: list }) => list?.items.at(-1)?.String?.sval ?? [])
    : [];
}

/** The lock on a table that a statement outside of a transaction takes, as far as its text names the table. Source: PostgreSQL manual, "Table-Level Locks". */
export function lockOutside({ kind, tree }: Sent): { readonly table: string; readonly mode: string } | null {
  const body = (tree[kind] ?? {}) as {
    readonly relation?: NamedTable;
    readonly rels?: readonly { readonly VacuumRelation?: { readonly relation?: NamedTable } }[];
    readonly options?: readonly { readonly DefElem?: { readonly defname?: string } }[];
    readonly kind?: string;
  };
  const isFull = body.options?.some(({ DefElem: option }) => option?.defname === 'full') === true;
  const [vacuumed] = body.rels ?? [];
  if (kind === 'VacuumStmt' && body.rels?.length === 1)
    return {
      table: vacuumed?.VacuumRelation?.relation?.relname ?? '',
      mode: isFull ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock',
    };
  const isOfTable = kind === 'IndexStmt' || kind === 'AlterTableStmt' || body.kind === 'REINDEX_OBJECT_TABLE';
  return isOfTable ? { table: body.relation?.relname ?? '', mode: 'ShareUpdateExclusiveLock' } : null;
}
