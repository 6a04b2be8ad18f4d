import { fixed, id, literal, type Session, sql, sqlStateOf } from '../database/index.ts';
import { type NamedReference } from './named-references.ts';
import { type NamedRow } from './named-rows.ts';
import { type NamedValue } from './named-values.ts';

/** So many rows of a table go to values that stand together before single values have their turn. */
const mostTogether = 4;

/**
 * Gives a row of its own to the values that a migration asks for together, and to each value that it names, as far as constraints and the rows that there are
 * let it. The session is outside of a transaction.
 */
export async function plantValues(
  session: Session,
  { rows, values }: { readonly rows: readonly NamedRow[]; readonly values: readonly NamedValue[] },
): Promise<void> {
  const taken: string[] = [];
  const tables = new Map<string, readonly PlantColumn[]>();
  for (const row of inTurn(rows, values)) {
    const { schema, table } = row;
    const name = (schema === null ? id(table) : id(schema, table)).text;
    try {
      const columns = tables.get(name) ?? (await columnsOf(session, name));
      tables.set(name, columns);
      // a column that names no table may be of another one, or be new
      const own = row.values.flatMap(([column, value]) => {
        const known = columns.find((one) => one.column === column);
        return known === undefined ? [] : [{ ...known, value }];
      });
      const present = row.present.filter((column) => columns.some((one) => one.column === column));
      const asked = row.values.length + row.present.length;
      if (own.length === 0 || (asked > 1 && own.length + present.length < 2)) continue;
      for (const { parent, key, value } of own) if (value !== null) await plantParent(session, { parent, key, value });
      await plantRow(session, { name, values: own, present }, taken);
    } catch {
      // a value that the type does not read, a parent or a trigger: the rows keep their values, and the next one may do
    }
  }
}

/** Values that stand together first, then those that stand nowhere else, then the others. */
function inTurn(rows: readonly NamedRow[], values: readonly NamedValue[]): readonly NamedRow[] {
  const all = distinct(rows);
  const counts = new Map<string, number>();
  const isFirst = ({ schema, table }: NamedRow): boolean => {
    const key = JSON.stringify([schema, table]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return (counts.get(key) ?? 0) <= mostTogether;
  };
  const first = new Set(all.filter(isFirst));
  const isHeld = (one: NamedValue): boolean =>
    all.some(
      (row) =>
        row.schema === one.schema &&
        row.table === one.table &&
        row.values.some(([column, value]) => column === one.column && value === one.value),
    );
  const alone = ({ schema, table, column, value }: NamedValue): NamedRow => ({
    schema,
    table,
    values: [[column, value]],
    present: [],
  });
  const free = values.filter((one) => !isHeld(one)).map(alone);
  const held = values.filter(isHeld).map(alone);
  return distinct([...first, ...free, ...all.filter((row) => !first.has(row)), ...held]);
}

function distinct(rows: readonly NamedRow[]): readonly NamedRow[] {
  return [...new Map(rows.map((one) => [JSON.stringify(one), one])).values()];
}

/** A column, and the column that its foreign key refers to; the parent as SQL. */
interface PlantColumn {
  readonly column: string;
  readonly parent: string | null;
  readonly key: string | null;
}

async function columnsOf(session: Session, name: string): Promise<readonly PlantColumn[]> {
  return session.query<PlantColumn>(sql`
    select distinct on (a.attnum) a.attname::text as "column", quote_ident(n.nspname) || '.' || quote_ident(p.relname) as parent, k.attname::text as key
    from pg_attribute a
      left join pg_constraint f on f.conrelid = a.attrelid and f.contype = 'f' and f.conkey = array[a.attnum]
      left join pg_class p on p.oid = f.confrelid left join pg_namespace n on n.oid = p.relnamespace
      left join pg_attribute k on k.attrelid = f.confrelid and k.attnum = f.confkey[1]
    where a.attrelid = to_regclass(${name}) and a.attnum > 0 and not a.attisdropped order by a.attnum, f.oid`);
}

/** Makes the row that a foreign key refers to: a copy of another one with this key, where constraints let it. */
async function plantParent(
  session: Session,
  { parent, key, value }: { readonly parent: string | null; readonly key: string | null; readonly value: string },
): Promise<void> {
  if (parent === null || key === null) return;
  try {
    await session.query(sql`
      insert into ${fixed(parent)} overriding system value
      select (r).* from (select jsonb_populate_record(p, jsonb_build_object(${literal(key)}, ${literal(value)})) as r
        from only ${fixed(parent)} p where not exists (select from ${fixed(parent)} where ${id(key)} = ${literal(value)}) limit 1) one`);
  } catch {
    // another column must be unique too, or is computed
  }
}

/** Sets the values in a row that is not taken; where a constraint refuses it, in the next one. */
async function plantRow(
  session: Session,
  row: {
    readonly name: string;
    readonly values: readonly { readonly column: string; readonly value: string | null }[];
    readonly present: readonly string[];
  },
  taken: string[],
): Promise<void> {
  const name = fixed(row.name);
  const set = row.values.map(
    ({ column, value }) => `${id(column).text} = ${value === null ? 'null' : literal(value).text}`,
  );
  const lacks = ['0::int', ...row.present.map((column) => `(${id(column).text} is null)::int`)].join(' + ');
  const refused: string[] = [];
  for (;;) {
    const [free] = await session.query<{ place: string }>(sql`
      select tableoid || '/' || ctid as place from ${name}
      where tableoid || '/' || ctid <> all (${[...taken, ...refused]}::text[]) order by ${fixed(lacks)}, tableoid, ctid limit 1`);
    if (free === undefined) return;
    try {
      // the new version of a row stands somewhere else
      const [planted] = await session.query<{ place: string }>(sql`
        update ${name} set ${fixed(set.join(', '))} where tableoid || '/' || ctid = ${free.place} returning tableoid || '/' || ctid as place`);
      if (planted !== undefined) taken.push(planted.place);
      return;
    } catch (error) {
      // a constraint, or a trigger that raises
      if (!/^(?:23|P0)/.test(sqlStateOf(error))) throw error;
      refused.push(free.place);
    }
    if (refused.length >= 8) return;
  }
}

/** Lets rows refer to rows that there are, for foreign keys that a migration adds; one does not, where the migration cleans such rows up. The session is outside of a transaction. */
export async function plantReferences(session: Session, references: readonly NamedReference[]): Promise<void> {
  for (const { table, columns, parent, keys, cleans } of references) {
    const [own, other] = [id(...table).text, id(...parent).text];
    try {
      const pk = keys.length > 0 ? keys.map((key) => id(key).text) : await primaryKey(session, other);
      const list = columns.map((column) => id(column).text);
      const equal = list.map((column, at) => `p.${pk[at]} = t.${column}`).join(' and ');
      const orphans = cleans ? sql`o.n > 1 and` : sql``;
      const all = list.map((column) => `t.${column} is not null`).join(' and ');
      await session.query(sql`
        with parents as (select row_number() over () as n, ${fixed(pk.join(', '))} from ${fixed(other)}),
          orphans as (select t.ctid as place, row_number() over () as n from only ${fixed(own)} t
            where ${fixed(all)} and not exists (select from ${fixed(other)} p where ${fixed(equal)}))
        update only ${fixed(own)} set (${fixed(list.join(', '))}) = row (${fixed(pk.map((key) => `p.${key}`).join(', '))})
        from orphans o join parents p on p.n = (o.n - 1) % (select count(*) from parents) + 1
        where ${orphans} ${fixed(own)}.ctid = o.place`);
    } catch {
      // no such column before the migration, another type, or a constraint: the rows stay as they are
    }
  }
}

async function primaryKey(session: Session, table: string): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(sql`
    select quote_ident(a.attname) as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = ${table}::regclass and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)`);
  return rows.map(({ name }) => name);
}
