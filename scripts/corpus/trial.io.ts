import { type Court } from './court.io.ts';
import { type Pair } from './layout.ts';

/** What psql and pg_dump say of a migration; none: it is clean. */
export interface Finding {
  readonly what:
    | 'up fails'
    | 'up fails on rows'
    | 'no down'
    | 'down fails'
    | 'schema differs'
    | 'rows differ'
    | 'second up fails'
    | 'second up differs';
  /** The server's words, or lines of pg_dump and tables that differ. */
  readonly why: readonly string[];
}

interface State {
  readonly schema: string;
  /** Relation or sequence → count and digest of its rows, or its next value. */
  readonly rows: ReadonlyMap<string, string>;
}

const copy = 'corpus_copy';

/** Runs up, down and up on a copy of a database, and compares what was with what is. */
export function tryPair(court: Court, base: string, pair: Pair): readonly Finding[] {
  const { up, down } = pair;
  const findings: Finding[] = [];
  const say = (what: Finding['what'], why: readonly string[]): void => void findings.push({ what, why });
  fresh(court, base);
  let refused = court.send(copy, up);
  let before: State | null = null;
  if (refused !== null) {
    const onRows = refused;
    fresh(court, base);
    emptyAll(court, copy);
    before = stateOf(court, copy);
    refused = court.send(copy, up);
    if (refused !== null) return [{ what: 'up fails', why: [refused] }];
    say('up fails on rows', [onRows]);
  }
  before ??= stateOf(court, base);
  if (down === null) return [...findings, { what: 'no down', why: [] }];
  const after = stateOf(court, copy);
  const back = court.send(copy, down);
  if (back !== null) return [...findings, { what: 'down fails', why: [back] }];
  const restored = stateOf(court, copy);
  const isRestored = restored.schema === before.schema;
  if (!isRestored) say('schema differs', linesBetween(before.schema, restored.schema));
  const rows = differing(before.rows, restored.rows);
  if (rows.length > 0) say('rows differ', rows);
  const second = court.send(copy, up);
  if (second !== null) say('second up fails', [second]);
  else {
    const lines = isRestored ? linesBetween(after.schema, court.dump(copy)) : [];
    if (lines.length > 0) say('second up differs', lines);
  }
  return findings;
}

/** Takes all rows out. */
export function emptyAll(court: Court, database: string): void {
  court.ask(
    database,
    String.raw`select 'truncate ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' cascade'
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' having count(*) > 0 \gexec`,
  );
}

function fresh(court: Court, base: string): void {
  court.ask('postgres', `drop database if exists ${copy} with (force);\ncreate database ${copy} template ${base};`);
}

// columns by name: their order is the dump's to tell; each query makes one query a relation, and runs it
const rowsQuery = String.raw`
select format('select %L, count(*), md5(coalesce(string_agg(t::text, chr(10) order by t::text), '''')) from (select %s from only %I.%I) t',
  n.nspname || '.' || c.relname,
  (select coalesce(string_agg(quote_ident(attname), ',' order by attname), 'null') from pg_attribute
    where attrelid = c.oid and attnum > 0 and not attisdropped),
  n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and (c.relkind = 'r' or c.relispopulated) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1
\gexec
select format('select %L, last_value, is_called from %I.%I', 'sequence ' || schemaname || '.' || sequencename, schemaname, sequencename)
from pg_sequences order by 1
\gexec
`;

function stateOf(court: Court, database: string): State {
  const lines = court.ask(database, rowsQuery).split('\n');
  const pairs = lines.filter((line) => line !== '').map((line): [string, string] => cut(line));
  return { schema: court.dump(database), rows: new Map(pairs) };
}

function cut(line: string): [string, string] {
  const at = line.indexOf('|');
  return [line.slice(0, at), line.slice(at + 1)];
}

function differing(before: State['rows'], after: State['rows']): readonly string[] {
  // a table or a sequence that only one of the two has is in the schema's difference
  return [...before].flatMap(([name, was]) => {
    const is = after.get(name);
    return is === undefined || is === was ? [] : [`${name}: ${was} → ${is}`];
  });
}

/** The lines of one text that the other has not, or has fewer of; where only their order differs, a word that says so. */
function linesBetween(one: string, other: string): readonly string[] {
  if (one === other) return [];
  const count = (text: string): Map<string, number> => {
    const lines = new Map<string, number>();
    for (const line of text.split('\n').map((raw) => raw.trim().replace(/,$/, '')))
      lines.set(line, (lines.get(line) ?? 0) + 1);
    return lines;
  };
  const [mine, theirs] = [count(one), count(other)];
  const more = (a: Map<string, number>, b: Map<string, number>, sign: string): string[] =>
    [...a].filter(([line, n]) => line !== '' && n > (b.get(line) ?? 0)).map(([line]) => `${sign} ${line}`);
  const lines = [...more(mine, theirs, '-'), ...more(theirs, mine, '+')];
  return lines.length > 0 ? lines : ['only the order of lines'];
}
