import { own, sha256 } from './catalog.ts';
import { catalogQueries } from './queries.ts';

/**
 * Kinds that few databases have objects of, each with the condition without which its query finds nothing: the rows that it starts
 * from. Half of the time of a digest was the planning of queries that found nothing.
 */
const sparse: Readonly<Record<string, string>> = {
  rule: `select from pg_rewrite x where ${own('x.oid')} and x.rulename <> '_RETURN'`,
  policy: `select from pg_policy`,
  statistics: `select from pg_statistic_ext`,
  operator: `select from pg_operator x where ${own('x.oid')}`,
  'operator class': `select from pg_opclass x where ${own('x.oid')}`,
  'operator family': `select from pg_opfamily x where ${own('x.oid')}`,
  'operator of family': `select from pg_amop x where ${own('x.oid')}`,
  'function of family': `select from pg_amproc x where ${own('x.oid')}`,
  'access method': `select from pg_am x where ${own('x.oid')}`,
  cast: `select from pg_cast x where ${own('x.oid')}`,
  transform: `select from pg_transform`,
  collation: `select from pg_collation x where ${own('x.oid')}`,
  conversion: `select from pg_conversion x where ${own('x.oid')}`,
  'text search configuration': `select from pg_ts_config x where ${own('x.oid')}`,
  'text search dictionary': `select from pg_ts_dict x where ${own('x.oid')}`,
  'text search parser': `select from pg_ts_parser x where ${own('x.oid')}`,
  'text search template': `select from pg_ts_template x where ${own('x.oid')}`,
  'foreign data wrapper': `select from pg_foreign_data_wrapper`,
  server: `select from pg_foreign_server`,
  'user mapping': `select from pg_foreign_server`,
  publication: `select from pg_publication`,
  'publication table': `select from pg_publication_rel`,
  'publication schema': `select from pg_publication_namespace`,
  'default privileges': `select from pg_default_acl`,
};

/** What a copy of a database does not carry over, and PostgreSQL's own rows. */
const left = ['database', 'subscription', 'system catalogue'];

const kindOf = (query: string): string => /^select '([a-z ]+)' as kind/.exec(query)?.[1] ?? '';
/** The gate, and what its login roles may change of themselves: default privileges of their own, for objects that they may not make. */
const withoutGate = `name !~ '^gate(_loopback)?[.]' and name not in ('gate', 'gate_loopback', 'oneroof_gate_ddl', 'oneroof_gate_drop')
  and not (kind = 'extension' and name = 'dblink' and to_regnamespace('gate_loopback') is not null)
  and not (kind = 'default privileges' and name ~ '^oneroof_(executor|observer|relay) ')`;

/** Settings of the database for everyone: a clone has them too, and SQL means something else under others. */
const settings = `select 'database settings' as kind, 'current' as name, coalesce((select jsonb_agg(c order by c collate "C")
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) c
    where d.datname = current_database() and s.setrole = 0), '[]') as logical, '{}'::jsonb as strict`;

function queriesOf(serverVersion: number, way: 'text' | 'listed'): readonly string[] {
  return catalogQueries
    .map((query) => query({ version: serverVersion, conninfo: 'hidden' }))
    .flatMap((listing) => listing?.[way] ?? [])
    .filter((text) => !left.includes(kindOf(text)))
    .concat(settings);
}

function together(queries: readonly string[], columns = ['logical', 'strict']): string {
  const written = columns.map((column) => `${column}::text as ${column}`).join(', ');
  const arms = queries.map((text) => `select kind, name, ${written} from (${text}) q`);
  return `(select kind, name, ${columns.join(', ')} from (${arms.join('\nunion all\n')}) o where ${withoutGate})`;
}

function hashOf(rows: string): string {
  // each object is one array of JSON: whatever a name holds, it cannot look like the end of one
  return `'sha256:' || encode(sha256(convert_to(coalesce((select json_agg(json_build_array(kind, name, logical, strict)
    order by kind collate "C", name collate "C", logical collate "C") from ${rows}), '[]')::text, 'UTF8')), 'hex')`;
}

/**
 * SQL of one expression: a digest over the schema that a database can take of itself, the same on every copy of it whoever asks.
 *
 * Shape   `sha256:` and 64 digits over kind, name and properties, sorted. Left out: what a copy of a database does not carry over (its name
 *         and mark, subscriptions), PostgreSQL's own rows, and the gate.
 */
export function schemaDigestSql(serverVersion: number): string {
  return hashOf(`${together(queriesOf(serverVersion, 'text'))} o`);
}

/**
 * SQL of a query: each of these objects with a digest over its logical properties, the same on every copy whoever asks.
 *
 * Shape   kind, name, digest (16 hex digits). The options of a user mapping do not count: PostgreSQL shows them to few roles.
 */
export function schemaListingSql(serverVersion: number): string {
  return `select kind, name, left(${sha256(`case kind when 'user mapping' then '{}' else logical end`)}, 16) as digest
    from ${together(queriesOf(serverVersion, 'listed'), ['logical'])} o`;
}

/**
 * The body of a PL/pgSQL function that returns the same digest, and plans only the queries that can find something: a statement that
 * is not reached is not planned, and one that was planned stays so for the session.
 */
export function schemaDigestBody(serverVersion: number): string {
  const queries = queriesOf(serverVersion, 'text');
  const guarded = queries.filter((text) => Object.hasOwn(sparse, kindOf(text)));
  const take = (
    rows: string,
  ): string => `select the_kinds || coalesce(array_agg(kind), '{}'), the_names || coalesce(array_agg(name), '{}'),
    the_logicals || coalesce(array_agg(logical), '{}'), the_stricts || coalesce(array_agg(strict), '{}')
    into the_kinds, the_names, the_logicals, the_stricts from ${rows} o;`;
  const guards = guarded.map((text) => `exists (${sparse[kindOf(text)] ?? ''})`);
  return `declare
  the_kinds text[] := '{}'; the_names text[] := '{}'; the_logicals text[] := '{}'; the_stricts text[] := '{}';
  there boolean[] := array[${guards.join(',\n    ')}];
begin
  ${take(together(queries.filter((text) => !guarded.includes(text))))}
${guarded.map((text, at) => `  if there[${at + 1}] then ${take(together([text]))} end if;`).join('\n')}
  return ${hashOf('unnest(the_kinds, the_names, the_logicals, the_stricts) o(kind, name, logical, strict)')};
end`;
}
