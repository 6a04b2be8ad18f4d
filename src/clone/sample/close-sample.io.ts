import { randomBytes } from 'node:crypto';
import { onAbort } from '../../core/index.ts';
import { fixed, literal, type Session, sql } from '../../database/index.ts';
import { type ChosenRows } from '../../fingerprint/index.ts';
import { openRowsWay, type RowsEnds } from '../dump/copy-rows.io.ts';
import { type TableFacts } from '../dump/facts.ts';
import { type ForeignKey } from '../foreign-keys.ts';
import { type ChosenTables, isBelow, keysText, missingText } from './sample-plan.ts';

/** A sample that was copied, before any index of it is built. */
export interface OpenSample {
  /** The one that holds the locks and the snapshot on production, and one on the copy. */
  readonly from: Session;
  readonly copy: Session;
  readonly ends: RowsEnds;
  readonly tables: readonly TableFacts[];
  readonly keys: readonly ForeignKey[];
  readonly chosen: ChosenTables;
  /** Hashes what is fetched, in production. */
  readonly rows: ChosenRows;
  readonly signal: AbortSignal;
}

/** Rows of the copy whose foreign keys have not been followed yet. */
interface Source {
  /** As in FROM. */
  readonly text: string;
  /** The relation that they are rows of. */
  readonly of: string;
  readonly isOwn: boolean;
}

/** So many keys are asked for at a time: memory stays flat, and production finds each by its unique index. */
const portion = 1000;

/**
 * Fetches every row that a kept row refers to, and what those refer to, until nothing is missing. Keys are held in tables of the copy, which are
 * dropped again: nothing is written in production. What refers to nothing there, by a key that is not valid, refers to nothing here.
 */
export async function closeSample(of: OpenSample): Promise<void> {
  const { copy, tables, keys, chosen, signal } = of;
  const home = `oneroof_sample_${randomBytes(6).toString('hex')}`;
  const isSampled = ({ to }: ForeignKey): boolean =>
    tables.some((table) => chosen.has(table.name) && isBelow(table, to.name));
  const followed = keys.filter(isSampled);
  const queue: Source[] = tables.map(({ name }) => ({ text: `only ${name}`, of: name, isOwn: false }));
  await copy.query(sql`create schema ${fixed(home)}`);
  const indexes = await indexReferred(copy, { keys: followed, home });
  let number = 0;
  for (let source = queue.shift(); source !== undefined; source = queue.shift()) {
    for (const key of followed.filter(({ from }) => areOneTree(tables, source?.of ?? '', from.name))) {
      signal.throwIfAborted();
      const name = `${home}.n${(number += 1)}`;
      if (await follow(of, { key, source: source.text, name }))
        queue.push({ text: name, of: key.to.name, isOwn: true });
    }
    if (source.isOwn) await copy.query(sql`drop table ${fixed(source.text)}`);
  }
  for (const index of indexes) await copy.query(sql`drop index ${fixed(index)}`);
  await copy.query(sql`drop schema ${fixed(home)} cascade`);
}

/** Whether some rows may be rows of both: one is the other, or a partition of it. */
function areOneTree(tables: readonly TableFacts[], one: string, other: string): boolean {
  return tables.some((table) => isBelow(table, one) && isBelow(table, other));
}

/** The unique indexes are built at the end; until then rows are found by these. */
async function indexReferred(
  copy: Session,
  of: { readonly keys: readonly ForeignKey[]; readonly home: string },
): Promise<readonly string[]> {
  const wanted = [...new Set(of.keys.map(({ to, index }) => `${to.name} (${index})`))];
  const names: string[] = [];
  for (const [n, on] of wanted.entries()) {
    const name = `${of.home}_${n}`;
    await copy.query(sql`create index ${fixed(name)} on ${fixed(on)}`);
    const [row] = await copy.query<{ name: string }>(sql`
      select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relname = ${name}`);
    names.push(row?.name ?? name);
  }
  return names;
}

/** Fetches what one key of a source lacks, into the copy and into a table of that name. False: it lacked nothing that production has. */
async function follow(
  of: OpenSample,
  step: { readonly key: ForeignKey; readonly source: string; readonly name: string },
): Promise<boolean> {
  const { copy } = of;
  const { key, name } = step;
  const missing = `${name}_keys`;
  const { rows } = await copy.run(`create unlogged table ${missing} as ${missingText(key, step.source)}`);
  if ((rows ?? 0) > 0) await fetchRows(of, { key, missing, name });
  await copy.query(sql`drop table ${fixed(missing)}`);
  if ((rows ?? 0) === 0) return false;
  const [{ none } = { none: 'true' }] = await copy.query<{ none: string }>(
    sql`select (not exists (select from ${fixed(name)}))::text as none`,
  );
  if (none === 'true') await copy.query(sql`drop table ${fixed(name)}`);
  return none !== 'true';
}

/** One key that is followed, the table of what is missing, and the names of those that are made of it. */
interface Step {
  readonly key: ForeignKey;
  readonly missing: string;
  readonly name: string;
}

async function fetchRows(of: OpenSample, step: Step): Promise<void> {
  const { copy } = of;
  const { key, name } = step;
  const [{ columns, values } = { columns: [], values: [] }] = of.tables.filter((one) => isBelow(one, key.to.name));
  const list = columns.join(', ');
  const stage = `${name}_rows`;
  const empty = (columnsOf: string): string => `select ${columnsOf} from only ${key.to.name} with no data`;
  await copy.query(sql`create unlogged table ${fixed(stage)} as ${fixed(empty(list))}`);
  const way = await openRowsWay(of.ends);
  const close = (): void => way.close();
  const stopListening = onAbort(of.signal, close);
  try {
    await eachPortion(copy, step, async (keys) => {
      const text = keysText(key, keys);
      await way.copy({
        out: `copy (with ${text.keys} select ${values.join(', ')} from ${key.only.to}${key.to.name} t where ${text.condition}) to stdout`,
        into: `copy ${stage} (${list}) from stdin`,
      });
      await hashRows(of, { key, ...text });
    });
  } finally {
    stopListening();
    way.close();
  }
  // generated columns are computed by the insertion, and keys may be over them
  await copy.query(sql`create unlogged table ${fixed(name)} as ${fixed(empty('*'))}`);
  await copy.query(sql`
    with kept as (insert into ${fixed(key.to.name)} (${fixed(list)}) overriding system value select ${fixed(list)} from ${fixed(stage)} returning *)
    insert into ${fixed(name)} select * from kept`);
  await copy.query(sql`drop table ${fixed(stage)}`);
}

/** Hands over the missing keys, some at a time, as rows of VALUES. */
async function eachPortion(
  copy: Session,
  { key, missing }: Step,
  use: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  const value = key.pairs
    .map(({ type }, n) => `pg_catalog.quote_literal(k${n}::text) || ${literal(`::${type}`).text}`)
    .join(` || ', ' || `);
  await copy.query(sql`begin`);
  await copy.query(
    sql`declare missing no scroll cursor for select '(' || ${fixed(value)} || ')' as one from ${fixed(missing)}`,
  );
  for (;;) {
    const some = await copy.query<{ one: string }>(sql`fetch ${fixed(String(portion))} from missing`);
    if (some.length === 0) break;
    await use(some.map(({ one }) => one));
  }
  await copy.query(sql`commit`);
}

/** Adds what production has under these keys to what the copy must have. */
async function hashRows(
  { from, rows, tables, chosen }: OpenSample,
  of: { readonly key: ForeignKey; readonly keys: string; readonly condition: string },
): Promise<void> {
  const relations = tables.filter((one) => chosen.has(one.name) && isBelow(one, of.key.to.name));
  await from.query(sql`savepoint sample`);
  await from.query(sql`set local max_parallel_workers_per_gather = 0`);
  await rows.add({ relations: relations.map(({ name }) => name), keys: of.keys, condition: of.condition });
  await from.query(sql`rollback to savepoint sample`);
}
