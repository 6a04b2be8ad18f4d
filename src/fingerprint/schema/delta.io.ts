import { type Session, sql, unionAll } from '../../database/index.ts';
import { type ChangedFiles } from '../rows/changed.io.ts';
import { noBlock } from '../rows/changed.ts';
import { anchorOf, anchorsIn, type Catalog, catalogs, type Chosen, countsOf, catalogRows } from './catalogs.ts';
import { type CatalogRow, concernedBy, type KeyedObject, type SchemaDelta } from './delta.ts';
import { nextTransaction } from './initdb.io.ts';
import { captureKeyed, readKeyed } from './schema.io.ts';

/** A copy as it was made: what is written from now on can be told from what the original has too. */
export interface SchemaMark {
  /** Rows that are written from now on have it, or a later one. */
  readonly transaction: string;
  /** What a copy has of its own: the database itself, and its subscriptions, which are rows of the server's catalogues. */
  readonly own: readonly KeyedObject[];
}

/** Notes where a copy stands. */
export async function markSchema(copy: Session): Promise<SchemaMark> {
  return { transaction: await nextTransaction(copy), own: await readOwn(copy) };
}

/**
 * Compares the schemas of copies with the one of the database that they were made of, at a cost that follows what changed: the rows of the
 * catalogues that differ say which objects can. No one may write to either meanwhile.
 *
 * Source  docs/FORMAT.md "Schema by changed rows".
 */
export class SchemaDeltas {
  private known: readonly Catalog[] | null | undefined;
  private counts: ReadonlyMap<string, Counts> | null = null;

  /** What may differ in a copy; `files`: its blocks that changed since its mark, where the server can tell. */
  async read(
    original: Session,
    copy: Session,
    since: {
      readonly mark: SchemaMark;
      readonly files: ChangedFiles | null;
      /** Tables whose definition is wanted whether or not it may differ, named as in SQL. */
      readonly also?: ReadonlySet<string>;
    },
  ): Promise<SchemaDelta> {
    const { mark, files, also = new Set() } = since;
    const known = await this.catalogs(original);
    // what cannot be read is not known to be the same
    if (known === null) return await wholeDelta(original, copy, mark);
    const own = await readOwn(copy);
    const [before, after] =
      files === null
        ? await this.rowsWritten(original, copy, { known, since: mark.transaction })
        : await this.rowsInBlocks(original, copy, { known, files });
    const { keys, loud, system } = concernedBy(before, after);
    for (const key of await keysOf(copy, also)) for (const set of [keys, loud]) set.add(key);
    if (system) return await wholeDelta(original, copy, mark);
    const closed = new Set([...(await closure(original, { keys, loud })), ...(await closure(copy, { keys, loud }))]);
    const [originals, objects] = [await readKeyed(original, closed), await readKeyed(copy, closed)];
    return {
      keys: new Set([...closed, ownKey]),
      originals: [...originals, ...mark.own],
      objects: [...objects, ...own],
      system,
    };
  }

  /** The catalogues; null where this role may not read all of them. */
  private async catalogs(session: Session): Promise<readonly Catalog[] | null> {
    if (this.known !== undefined) return this.known;
    const rows = await session.query<Omit<Catalog, 'columns'> & { columns: string; readable: string }>(
      sql`${catalogs}`,
    );
    this.known = rows.every(({ readable }) => readable === 'true')
      ? rows.map(({ columns, ...row }) => ({ ...row, columns: JSON.parse(columns) as string[] }))
      : null;
    return this.known;
  }

  /** The rows of both sides in blocks that changed; whole catalogues where their files are not the same. */
  private async rowsInBlocks(
    original: Session,
    copy: Session,
    of: { readonly known: readonly Catalog[]; readonly files: ChangedFiles },
  ): Promise<Both> {
    const { known, files } = of;
    const [filesWere, filesAre] = [await filesOf(original, known), await filesOf(copy, known)];
    const chosen = known.flatMap((catalog): Part[] => {
      const [was, is] = [filesWere.get(catalog.oid), filesAre.get(catalog.oid)];
      if (was === undefined || was !== is) return [{ catalog, chosen: 'all' }];
      const ranges = files.get(was) ?? [];
      return ranges.length === 0
        ? []
        : [{ catalog, chosen: { blocks: ranges.map(([first, after]) => [first, after ?? noBlock]) } }];
    });
    return [await readRows(original, chosen), await readRows(copy, chosen)];
  }

  /** The rows of both sides that belong to an object of which the copy wrote or lost a row, as `xmin` and the number of rows tell. */
  private async rowsWritten(
    original: Session,
    copy: Session,
    of: { readonly known: readonly Catalog[]; readonly since: string },
  ): Promise<Both> {
    const { known, since } = of;
    this.counts ??= await countsIn(original, known, since);
    const counts = await countsIn(copy, known, since);
    const changed = known.filter((catalog) => {
      const [was, is] = [this.counts?.get(title(catalog)), counts.get(title(catalog))];
      return is?.written !== '0' || was?.rows !== is.rows;
    });
    const written = await anchorsOf(copy, changed, since);
    const parts = changed.map((catalog): Part => ({ catalog, chosen: chosenOf(catalog, written) }));
    const [rowsWere, rowsAre] = [await readRows(original, parts), await readRows(copy, parts)];
    // rows that only the original has were not written by the clone: if counts do not match, they are found by what remains of each object
    const lost = changed.filter((catalog) => {
      const others = (all: string | undefined, rows: readonly CatalogRow[]): number =>
        Number(all) - rows.filter((row) => row.catalog === title(catalog)).length;
      const [was, is] = [this.counts?.get(title(catalog)), counts.get(title(catalog))];
      return others(was?.rows, rowsWere) !== others(is?.rows, rowsAre);
    });
    if (lost.length === 0) return [rowsWere, rowsAre];
    const [were, are] = [await anchorsOf(original, lost, null), await anchorsOf(copy, lost, null)];
    const gone = new Map(
      [...were].map(([of, anchors]) => [
        of,
        new Map([...anchors].filter(([anchor, rows]) => are.get(of)?.get(anchor) !== rows)),
      ]),
    );
    const more = lost.map((catalog): Part => ({ catalog, chosen: chosenOf(catalog, gone) }));
    return [
      [...rowsWere, ...(await readRows(original, more))],
      [...rowsAre, ...(await readRows(copy, more))],
    ];
  }
}

/** The number of rows of each anchor, by catalogue. */
type Anchors = ReadonlyMap<string, ReadonlyMap<string, string>>;

function chosenOf(catalog: Catalog, anchors: Anchors): Chosen {
  return anchorOf(catalog) === null ? 'all' : { anchors: [...(anchors.get(title(catalog))?.keys() ?? [])] };
}

async function anchorsOf(session: Session, of: readonly Catalog[], since: string | null): Promise<Anchors> {
  const known = of.filter((catalog) => anchorOf(catalog) !== null);
  const found = new Map<string, Map<string, string>>(known.map((catalog) => [title(catalog), new Map()]));
  if (known.length === 0) return found;
  const rows = await session.query<{ catalog: string; anchor: string; rows: string }>(
    unionAll(known.map((catalog) => anchorsIn(catalog, since))),
  );
  for (const { catalog, anchor, rows: count } of rows) found.get(catalog)?.set(anchor, count);
  return found;
}

/** Everything on both sides. */
export async function wholeDelta(original: Session, copy: Session, mark: SchemaMark): Promise<SchemaDelta> {
  const [originals, objects] = [await captureKeyed(original), await captureKeyed(copy)];
  return {
    keys: null,
    originals: [...originals.filter(({ kind }) => !ownKinds.includes(kind)), ...mark.own],
    objects: objects.map((one) => (ownKinds.includes(one.kind) ? { ...one, key: ownKey } : one)),
    system: true,
  };
}

type Both = readonly [before: readonly CatalogRow[], after: readonly CatalogRow[]];

interface Part {
  readonly catalog: Catalog;
  readonly chosen: Chosen;
}

interface Counts {
  readonly rows: string;
  readonly written: string;
}

const ownKinds = ['database', 'subscription'];
const ownKey = 'own';

async function readOwn(copy: Session): Promise<readonly KeyedObject[]> {
  const rows = await copy.query<{ key: string }>(sql`
    select 'pg_database ' || oid as key from pg_database where datname = current_database()
    union all select 'pg_subscription ' || s.oid from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()`);
  const objects = await readKeyed(copy, new Set(rows.map(({ key }) => key)));
  return objects.filter(({ kind }) => ownKinds.includes(kind)).map((one) => ({ ...one, key: ownKey }));
}

async function keysOf(session: Session, tables: ReadonlySet<string>): Promise<readonly string[]> {
  if (tables.size === 0) return [];
  const rows = await session.query<{ key: string }>(sql`
    select distinct 'pg_class ' || to_regclass(t)::oid as key from unnest(${[...tables]}::text[]) t where to_regclass(t) is not null`);
  return rows.map(({ key }) => key);
}

function title({ schema, table }: Catalog): string {
  return `${schema}.${table}`;
}

async function filesOf(session: Session, known: readonly Catalog[]): Promise<ReadonlyMap<string, string>> {
  const rows = await session.query<{ oid: string; file: string }>(
    sql`select o::text as oid, pg_relation_filenode(o)::text as file from unnest(${known.map(({ oid }) => oid)}::oid[]) o`,
  );
  return new Map(rows.map(({ oid, file }) => [oid, file]));
}

async function countsIn(
  session: Session,
  known: readonly Catalog[],
  since: string,
): Promise<ReadonlyMap<string, Counts>> {
  const rows = await session.query<Counts & { catalog: string }>(
    unionAll(known.map((catalog) => countsOf(catalog, since))),
  );
  return new Map(rows.map(({ catalog, ...counts }) => [catalog, counts]));
}

async function readRows(session: Session, parts: readonly Part[]): Promise<readonly CatalogRow[]> {
  if (parts.length === 0) return [];
  const rows = await session.query<Omit<CatalogRow, 'concerns'> & { concerns: string }>(
    unionAll(parts.map(({ catalog, chosen }) => catalogRows(catalog, chosen))),
  );
  return rows.map(({ concerns, ...row }) => ({ ...row, concerns: JSON.parse(concerns) as string[] }));
}

/** Whose definition shows an object: who depends on what others show, however far; and to whom each of them belongs. */
async function closure(
  session: Session,
  of: { readonly keys: ReadonlySet<string>; readonly loud: ReadonlySet<string> },
): Promise<readonly string[]> {
  const { keys, loud } = of;
  if (keys.size === 0) return [];
  const rows = await session.query<{ key: string }>(sql`
    with recursive given (classid, objid, loud) as (
      select split_part(k, ' ', 1)::regclass::oid, split_part(k, ' ', 2)::oid, k = any(${[...loud]}::text[]) from unnest(${[...keys]}::text[]) k
    ), down (classid, objid) as (
      select classid, objid from given where loud
      union select d.classid, d.objid from down join pg_depend d on d.refclassid = down.classid and d.refobjid = down.objid
    ), up (classid, objid) as (
      select classid, objid from given union select classid, objid from down
      union select d.refclassid, d.refobjid from up join pg_depend d on d.classid = up.classid and d.objid = up.objid
        and d.deptype in ('a', 'i', 'P', 'S', 'e')
    )
    select classid::regclass || ' ' || objid as key from up where objid <> 0`);
  return rows.map(({ key }) => key);
}
