import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { formatDuration, isNonEmpty, OneRoofError, type Problem, printable, stated } from '../../core/index.ts';
import { type Connection, fixed, id, libpqEnvironment, type Session, sql } from '../../database/index.ts';
import {
  captureRows,
  captureSchema,
  columnsKey,
  compareRows,
  compareSchemas,
  type DataFingerprint,
  type SchemaFingerprint,
  unproven,
} from '../../fingerprint/index.ts';
import { type MaskCommand, type MaskSetup, requirePinned } from '../../setup/index.ts';
import { runProgram } from '../run-program.io.ts';
import { requireKeys } from './mask-keys.io.ts';
import { checkDeferred, type MaskedColumn, refreshViews } from './mask-rows.io.ts';
import { findMaskTargets, type MaskTarget } from './mask-targets.io.ts';

/** The columns that a program masks, as columns with an expression: it is never used. */
export function namedBy(command: MaskCommand | undefined): MaskSetup['columns'] {
  return (command?.columns ?? []).map((column) => ({ column, expression: 'null' }));
}

/**
 * Lets a program mask a copy. It must change each column that it names and nothing else: rows of all other columns and the schema are compared before and after.
 * What it wrote is not shown, because it may hold values of production.
 *
 * Errors  CLONE_MASK_FAILED, CLONE_MASK_INVALID, INTERRUPTED.
 */
export async function runMaskCommand(
  session: Session,
  of: {
    readonly connection: Connection;
    readonly command: MaskCommand;
    /** So that the server logs no value. */
    readonly logging: Readonly<Record<string, string>>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly columns: readonly MaskedColumn[]; readonly views: readonly string[] }> {
  const targets = await findMaskTargets(session, { columns: namedBy(of.command) });
  const looking = { session, connection: of.connection, targets, seeds: [seed(), seed()] as const, signal: of.signal };
  const before = await look(looking);
  await keepValues(session, targets);
  await run(of);
  // sessions of the program that still end, and locks that one left in a prepared transaction
  await session.query(sql`
    select pg_catalog.pg_terminate_backend(pid, 10000) from pg_catalog.pg_stat_activity
    where datname = pg_catalog.current_database() and backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid()`);
  await session.query(sql`set lock_timeout = '60s'`);
  await checkDeferred(session, targets);
  await requireKeys(session, targets);
  const views = await refreshViews(session);
  const remaining = await keptValues(session, targets);
  const after = await look(looking);
  const problems = [...changedBeside(before, after), ...notChanged(before, after)];
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
  return {
    columns: after.columns.map(({ column, rows }, n) => ({ column, rows, unchanged: remaining[n] ?? rows })),
    views,
  };
}

/** Hashes of the values of each column, with their number, in a table of this session: they go with it. */
async function keepValues(session: Session, targets: readonly MaskTarget[]): Promise<void> {
  await session.query(sql`create temporary table oneroof_values (n integer, hash bigint, times bigint)`);
  for (const [n, { name, column }] of maskedColumns(targets).entries())
    await session.query(sql`
      insert into pg_temp.oneroof_values select ${n}::integer, pg_catalog.hashtextextended(${id(column)}::text, 0), count(*)
      from ${fixed(name)} where ${id(column)} is not null group by 2`);
}

/** How many values of each column were there before: one that was left as it was, or that another row has now. */
async function keptValues(session: Session, targets: readonly MaskTarget[]): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const [n, { name, column }] of maskedColumns(targets).entries()) {
    const [row] = await session.query<{ kept: string }>(sql`
      select coalesce(sum(least(v.times, now.times)), 0)::text as kept from pg_temp.oneroof_values v
      join (select pg_catalog.hashtextextended(${id(column)}::text, 0) as hash, count(*) as times from ${fixed(name)}
        where ${id(column)} is not null group by 1) now on now.hash = v.hash where v.n = ${n}::integer`);
    counts.push(Number(row?.kept));
  }
  await session.query(sql`drop table pg_temp.oneroof_values`);
  return counts;
}

const maskedColumns = (
  targets: readonly MaskTarget[],
): readonly { readonly name: string; readonly column: string; readonly written: string }[] =>
  targets.flatMap(({ name, columns }) => columns.map(({ column, written }) => ({ name, column, written })));

const seed = (): string => randomBytes(8).readBigInt64BE().toString();

interface Look {
  /** Rows without the columns that the program masks. */
  readonly rows: DataFingerprint;
  readonly schema: SchemaFingerprint;
  readonly columns: readonly {
    readonly column: string;
    readonly rows: number;
    readonly values: number;
    readonly sum: string;
  }[];
}

async function look(of: {
  readonly session: Session;
  readonly connection: Connection;
  readonly targets: readonly MaskTarget[];
  readonly seeds: readonly [string, string];
  readonly signal: AbortSignal | undefined;
}): Promise<Look> {
  const rows = await captureRows(of.connection, {
    seeds: of.seeds,
    except: await exceptOf(of.session, of.targets),
    applicationName: 'oneroof golden',
    signal: of.signal,
  });
  const columns: Look['columns'][number][] = [];
  for (const { name, column, written } of maskedColumns(of.targets)) {
    const [row] = await of.session.query<Record<'rows' | 'values' | 'sum', string>>(sql`
      select count(*)::text as rows, count(${id(column)})::text as values,
        coalesce(sum(pg_catalog.hashtextextended(${id(column)}::text, 0)), 0)::text as sum from ${fixed(name)}`);
    columns.push({ column: written, rows: Number(row?.rows), values: Number(row?.values), sum: row?.sum ?? '' });
  }
  return { rows, schema: await captureSchema(of.session), columns };
}

/** The columns and those that are generated from others, in each table that has them: a generated column may follow a masked one. */
async function exceptOf(
  session: Session,
  targets: readonly MaskTarget[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const except = new Map<string, ReadonlySet<string>>();
  for (const { tables, columns } of targets)
    for (const { oid } of tables) {
      const names = columns.map(({ column }) => column);
      const rows = await session.query<{ schema: string; table: string; column: string }>(sql`
        select n.nspname as schema, c.relname as table, a.attname as column from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid
        where c.oid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
          and (a.attgenerated <> '' or a.attname = any(${names}::name[]))`);
      for (const { column, ...table } of rows) {
        const key = columnsKey(table);
        except.set(key, new Set([...(except.get(key) ?? []), column]));
      }
    }
  return except;
}

const limit = 'let it change nothing but the columns that clone.mask.command names, or name the others there too';

function changedBeside(before: Look, after: Look): readonly Problem[] {
  const rows = compareRows(before.rows, after.rows).filter(({ kind }) => kind !== 'materialized view');
  const names = new Set(
    [...rows, ...compareSchemas(before.schema, after.schema)].map(({ kind, name }) => `${kind} ${name}`),
  );
  const more = names.size > 5 ? `, and ${names.size - 5} more` : '';
  const changed = printable(`${[...names].slice(0, 5).join(', ')}${more}`);
  return [
    ...(names.size === 0 ? [] : [failed(`changed what it does not name: ${changed}`, limit)]),
    ...unproven(before.rows, after.rows).map(({ relation, reason }) =>
      failed(`may have changed ${printable(relation)}, which cannot be compared: ${printable(reason)}`, limit),
    ),
  ];
}

function notChanged(before: Look, after: Look): readonly Problem[] {
  return before.columns
    .filter(({ values, sum }, n) => values > 0 && sum === after.columns[n]?.sum)
    .map(({ column, values }) =>
      failed(
        `changed no value of ${printable(column)}, which has ${values}`,
        'correct the program, or remove the column from clone.mask.command',
      ),
    );
}

function failed(problem: string, fix: string): Problem {
  return { code: 'CLONE_MASK_FAILED', ...stated`the program of clone.mask ${{ why: problem }}`, fix };
}

async function run(of: Parameters<typeof runMaskCommand>[1]): Promise<void> {
  const { command, connection } = of;
  const [program, ...words] = command.run;
  const folder = await mkdtemp(join(tmpdir(), 'oneroof-'));
  const deadline = AbortSignal.timeout(command.deadline);
  try {
    const address = await libpqEnvironment(connection, { folder, runAs: null, applicationName: 'oneroof mask' });
    const own = ['PATH', 'HOME', 'LANG'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    requirePinned();
    const { status } = await runProgram({
      program: program.includes('/') ? resolve(command.startIn, program) : program,
      words,
      startIn: command.startIn,
      env: {
        ...Object.fromEntries([...command.variables].map(([name, value]) => [name, value.reveal()])),
        ...address,
        ...Object.fromEntries(own),
        PGOPTIONS: Object.entries(of.logging)
          .map(([name, value]) => `-c ${name}=${value}`)
          .join(' '),
      },
      runAs: null,
      signal: AbortSignal.any([deadline, ...(of.signal === undefined ? [] : [of.signal])]),
    });
    if (of.signal?.aborted === true)
      throw new OneRoofError('INTERRUPTED', {
        ...stated`masking was interrupted, and there is no copy`,
        fix: 'run the same command again',
      });
    if (deadline.aborted)
      throw OneRoofError.of([
        failed(`did not end in ${formatDuration(command.deadline)}`, 'set deadline: of clone.mask.command to more'),
      ]);
    if (status !== 0)
      throw OneRoofError.of([
        failed(
          status === null ? 'was ended by a signal' : `failed with exit status ${status}`,
          'let it write to a file of its own what is wrong: its output is not shown here, because it may hold values of production',
        ),
      ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
