import { catalogQueries } from './queries.ts';

/**
 * SQL of one expression: a digest over the schema that a database can take of itself, the same on every copy of it whoever asks.
 *
 * Shape   `sha256:` and 64 digits over kind, name and properties, sorted. Left out: what a copy of a database does not carry over (its name
 *         and mark, subscriptions), PostgreSQL's own rows, and the gate.
 */
export function schemaDigestSql(serverVersion: number): string {
  const arms = catalogQueries
    .map((query) => query({ version: serverVersion, conninfo: 'hidden' }))
    .filter((text) => text !== null && !text.includes(`'system catalogue' as kind`))
    .map((text) => `select kind, name, logical::text as logical, strict::text as strict from (${text}) q`);
  return `(select 'sha256:' || encode(sha256(convert_to(coalesce(string_agg(concat_ws(E'\\x1f', kind, name, logical, strict), E'\\x1e'
    order by kind collate "C", name collate "C", logical collate "C"), ''), 'UTF8')), 'hex')
  from (${arms.join('\nunion all\n')}) o
  where kind not in ('database', 'subscription') and name !~ '^gate[.]' and name not in ('gate', 'oneroof_gate_ddl', 'oneroof_gate_drop'))`;
}
