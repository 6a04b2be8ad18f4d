import { literal } from '../../database/index.ts';

/**
 * PostgreSQL writes some expressions in one way when they were typed, and in another once they were dumped and read again. Both mean the same, so that
 * a database and its restored dump have one text here. Names and texts in quotes are passed over whole: nothing in them is taken for SQL.
 *
 * Source  docs/decisions/0052-a-copy-by-dump.md; transformAExprIn and transformArrayExpr of PostgreSQL's parser, get_target_list of ruleutils.c.
 */
const quoted = `'(?:[^']|'')*'|"(?:[^"]|"")*"`;

/** What is in parentheses or brackets, to a depth; what is deeper is left as it is, so it can differ from its copy, never hide a change. */
function within(depth: number): string {
  return `(?:[^][()'"]|${quoted}${depth === 0 ? '' : `|[[(]${within(depth - 1)}[])]`})*`;
}

const element = `(?:[^][(),'"]|${quoted}|[[(]${within(5)}[])])+`;
const size = String.raw`(?:\([0-9]+(?:,[0-9]+)?\))?`;
const typeName = String.raw`(?:[\w$.]|"(?:[^"]|"")*")+(?: varying| precision)?${size}(?: with time zone| without time zone)?`;

/** Groups: what stays, the elements of an array that is cast as a whole, the type of its elements. */
const arrays = `((?:[^'"(]+|${quoted}|.))|${String.raw`\(ARRAY\[`}(${element}(?:,${element})*)${String.raw`\]\)::`}(${typeName})${String.raw`\[\]`}`;

/** One of the comparisons that a list is made of where its elements are columns or rows. */
const compared = String.raw`\(${within(5)}\)`;
/** Groups: what is quoted; of OR, then of AND, the parenthesis of a list and the shorter list that stands first in it, without its own parentheses. */
const lists = String.raw`(${quoted})|(\()\((${compared}(?: OR ${compared})+)\)(?= OR )|(\()\((${compared}(?: AND ${compared})+)\)(?= AND )`;

/**
 * SQL: a definition as the parser makes it of PostgreSQL's own text: where the constructor of an array is cast, each element is (`v IN ('a', 'b')`
 * over varchar); the comparisons of a list of columns or rows (`v IN (a, b, c)`) are one list, not one within the other.
 */
export function restored(definition: string): string {
  const cast = `'ARRAY[' || (select string_agg('(' || ltrim(e.m[1], ' ') || ')::' || p.m[3], ', ' order by e.at)
    from regexp_matches(p.m[2], ${text(`(${element})`)}, 'g') with ordinality e(m, at)) || ']'`;
  const once = `case when x.d like '%(ARRAY[%' then (select string_agg(case when p.m[2] is null then p.m[1] else ${cast} end, '' order by p.at)
    from regexp_matches(x.d, ${text(arrays)}, 'g') with ordinality p(m, at)) else x.d end`;
  const flat = `(with recursive f(d, n) as (select x.d, 0 union all select g.d, f.n + 1
    from f cross join lateral (select regexp_replace(f.d, ${text(lists)}, ${text(String.raw`\1\2\3\4\5`)}, 'g') as d) g where g.d <> f.d)
    select d from f order by n desc limit 1)`;
  return `(select case when x.d like '%((%)) OR %' or x.d like '%((%)) AND %' then ${flat} else x.d end from (select ${once} as d from (select ${definition} as d offset 0) x offset 0) x)`;
}

/** Types whose name in SQL is not the one that a column of theirs gets. */
const columnNames: Readonly<Record<string, string>> = {
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  boolean: 'bool',
  real: 'float4',
  'double precision': 'float8',
  'character varying': 'varchar',
  character: 'bpchar',
  'bit varying': 'varbit',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
};

const array = String.raw`${size}(?:\[\])*`;
const renamed = Object.entries(columnNames).map(([of, name]) => String.raw`::${of}${array}(?= AS "?${name}\M)`);
/** Groups: what is quoted; a cast, and the name of its type, which the column has too; a cast to one of the types above. */
const labels = String.raw`(${quoted})|(::(?:(?:\w+|"(?:[^"]|"")*")\.)?"?(\w+)"?${array}) AS "?\3\M"?|(${renamed.join('|')}) AS "?\w+"?`;

/**
 * SQL: the body of a function in SQL, in which a column that is cast, and has the name of its type, has no name. In a body names of columns
 * show only within subqueries, where PostgreSQL writes each of them.
 */
export function restoredBody(body: string): string {
  return `(select case when x.d like '% AS %' then regexp_replace(x.d, ${text(labels)}, ${text(String.raw`\1\2\4`)}, 'g') else x.d end
    from (select ${restored(body)} as d offset 0) x)`;
}

function text(of: string): string {
  return literal(of).text;
}
