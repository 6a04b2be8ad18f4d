import { spawnSync } from 'node:child_process';
import { type Pair } from './layout.ts';

/** Where the judge works: programs of PostgreSQL, and a server. It uses nothing of One Roof. */
export interface Court {
  readonly host: string;
  readonly psql: string;
  readonly dump: string;
}

/** What is true of a pair, as psql and pg_dump tell it. */
export interface Truth {
  readonly verdict: 'equal' | 'different' | 'up fails' | 'down fails';
  /** What differs, or the server's words. */
  readonly why: readonly string[];
  /** psql up and down, and the same with the copy and both readings: milliseconds. */
  readonly sql: number;
  readonly all: number;
}

interface State {
  /** The statements of pg_dump, and columns within them, in no order. */
  readonly schema: ReadonlySet<string>;
  /** Relation → number of rows and their digest. */
  readonly rows: ReadonlyMap<string, string>;
  readonly sequences: ReadonlyMap<string, string>;
}

/** Runs up and down on a copy of a database, and compares what was with what is. */
export function judge(
  court: Court,
  of: { readonly database: string; readonly pair: Pair & { readonly down: string }; readonly copy: string },
): Truth {
  const { database, pair, copy } = of;
  const began = performance.now();
  let sql = 0;
  const run = (text: string): string | null => {
    const start = performance.now();
    const failed = runFile(court, { database: copy, text, transaction: pair.transaction });
    sql += performance.now() - start;
    return failed;
  };
  const said = (verdict: Truth['verdict'], why: readonly string[]): Truth => ({
    verdict,
    why,
    sql,
    all: performance.now() - began,
  });
  query(court, 'postgres', `create database "${copy}" template "${database}"`);
  try {
    const before = stateOf(court, copy);
    const up = run(pair.up);
    if (up !== null) return said('up fails', [up]);
    const down = run(pair.down);
    if (down !== null) return said('down fails', [down]);
    const differences = compare(before, stateOf(court, copy));
    return said(differences.length === 0 ? 'equal' : 'different', differences);
  } finally {
    query(court, 'postgres', `drop database "${copy}" with (force)`);
  }
}

/** Runs SQL as its tool does; answers the server's error, or null. */
export function runFile(
  { host, psql }: Court,
  of: { readonly database: string; readonly text: string; readonly transaction: Pair['transaction'] },
): string | null {
  const how = of.transaction === 'single' ? ['--single-transaction'] : [];
  const { status, stderr } = spawnSync(
    psql,
    ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...how, '-h', host, '-U', 'postgres', '-d', of.database, '-f', '-'],
    { input: of.text, encoding: 'utf8', stdio: ['pipe', 'ignore', 'pipe'], maxBuffer: 64 << 20 },
  );
  if (status === 0) return null;
  return /^.*(?:ERROR|FATAL):.*$/m.exec(stderr)?.[0].replace(/^psql:<stdin>:/, 'line ') ?? stderr.slice(0, 300);
}

/** Answers what a text prints, unaligned; throws where it fails. */
export function query({ host, psql }: Court, database: string, text: string): string {
  const { status, stdout, stderr } = spawnSync(
    psql,
    ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', host, '-U', 'postgres', '-d', database, '-f', '-'],
    { input: text, encoding: 'utf8', maxBuffer: 256 << 20 },
  );
  if (status !== 0) throw new Error(`the judge cannot read ${database}: ${stderr}`);
  return stdout;
}

// columns by name: their order is the dump's to tell; each query makes one query a relation, and runs it
const rowsQuery = String.raw`
select format('select %L, count(*), md5(coalesce(string_agg(h, '''' order by h), '''')) from (select md5(row(%s)::text) h from only %I.%I) s',
  n.nspname || '.' || c.relname,
  (select coalesce(string_agg(quote_ident(attname), ',' order by attname), 'null') from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped),
  n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and (c.relkind = 'r' or c.relispopulated) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1
\gexec
`;
const sequencesQuery = String.raw`
select format('select %L, case when is_called then last_value + %s else last_value end from %I.%I', schemaname || '.' || sequencename, increment_by, schemaname, sequencename)
from pg_sequences order by 1
\gexec
`;

function stateOf(court: Court, database: string): State {
  const { status, stdout, stderr } = spawnSync(
    court.dump,
    ['-h', court.host, '-U', 'postgres', '-d', database, '--schema-only'],
    { encoding: 'utf8', maxBuffer: 256 << 20 },
  );
  if (status !== 0) throw new Error(`the judge cannot dump ${database}: ${stderr}`);
  const lists = (text: string): ReadonlyMap<string, string> =>
    new Map(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf('|')), line.slice(line.indexOf('|') + 1)]),
    );
  return {
    schema: statementsOf(stdout),
    rows: lists(query(court, database, rowsQuery)),
    sequences: lists(query(court, database, sequencesQuery)),
  };
}

/** The entries of a dump; those of a table are told by its lines, so that the order of its columns does not count. */
function statementsOf(dump: string): ReadonlySet<string> {
  const entries = dump.split(/^--\n-- Name: /m).slice(1);
  return new Set(
    entries.flatMap((entry) => {
      const [head = '', ...rest] = entry.replace(/\n--\n-- PostgreSQL database dump complete[\s\S]*$/, '').split('\n');
      const name = head.replace(/; Owner: .*$/, '');
      const lines = rest.filter((line) => line !== '' && line !== '--').map((line) => line.replace(/,$/, ''));
      return / Type: TABLE;/.test(head)
        ? lines.map((line) => `${name}: ${line.trim()}`)
        : [`${name}: ${lines.join('\n')}`];
    }),
  );
}

function compare(before: State, after: State): readonly string[] {
  const short = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 200);
  return [
    ...[...before.schema].filter((one) => !after.schema.has(one)).map((one) => `gone: ${short(one)}`),
    ...[...after.schema].filter((one) => !before.schema.has(one)).map((one) => `new: ${short(one)}`),
    ...changed(before.rows, after.rows).map(([name, was, is]) => `rows of ${name}: ${was} → ${is}`),
    // ahead is how sequences are; behind gives a key that is taken
    ...changed(before.sequences, after.sequences)
      .filter(([, was, is]) => was === null || is === null || BigInt(is) < BigInt(was))
      .map(([name, was, is]) => `sequence ${name}: next ${was} → ${is}`),
  ];
}

function changed(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly (readonly [string, string | null, string | null])[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.flatMap((name) => {
    const was = before.get(name) ?? null;
    const is = after.get(name) ?? null;
    return was === is ? [] : [[name, was, is] as const];
  });
}
