import { z } from 'zod';
import { type Formed } from '../core/index.ts';
import { id, literal, sql } from './sql.ts';

/** What our own session did on production, from the server's own counters: all zero, or it is a defect. */
export const harmlessForm = z.object({
  role: z.string(),
  standby: z.boolean(),
  transactionIdAssigned: z.boolean(),
  advisoryLocks: z.number(),
  rowsWritten: z.number(),
  /** SECURITY DEFINER functions that the role may call. */
  definerFunctions: z.array(z.string()),
});
export type Harmless = Formed<typeof harmlessForm>;

/**
 * The statements that make a role that can read the given schemas and write nowhere in this database, one statement each.
 * They are run by the owner of the database, connected to it; running them again does no harm.
 *
 * Source  PostgreSQL manual, "Privileges": PUBLIC may make temporary tables in every database, and before PostgreSQL 15 objects
 *         in schema public; a revoke from the role alone would not take that away.
 */
export function observerStatements(role: string, schemas: readonly string[]): readonly string[] {
  const name = id(role);
  const names = schemas.map((schema) => id(schema));
  const make = `create role ${name.text} login nosuperuser nocreatedb nocreaterole noreplication`;
  return [
    sql`do ${literal(`begin if to_regrole(${literal(name.text).text}) is null then ${make}; end if; end`)}`,
    sql`alter role ${name} set default_transaction_read_only = on`,
    ...names.flatMap((schema) => [
      sql`revoke create on schema ${schema} from public`,
      sql`grant usage on schema ${schema} to ${name}`,
      sql`grant select on all tables in schema ${schema} to ${name}`,
      sql`alter default privileges in schema ${schema} grant select on tables to ${name}`,
    ]),
    sql`do ${literal("begin execute format('revoke temporary, create on database %I from public', current_database()); end")}`,
  ].map((statement) => statement.text);
}

/** The same as one text for a DBA, with a word on what it means for others. */
export function observerGrants(role: string, schemas: readonly string[]): string {
  return [
    '-- A role for looking at this database: it can read and cannot write.',
    '-- The last statements take CREATE and TEMPORARY from PUBLIC, so from everybody: a role of an application that makes',
    '-- temporary tables needs `grant temporary on database … to …` of its own afterwards.',
    '-- ALTER DEFAULT PRIVILEGES counts for tables that the role running this makes later; run it as the owner of the tables.',
    ...observerStatements(role, schemas).map((statement) => `${statement};`),
    '-- Give it a password or a line in pg_hba.conf, e.g. with psql: \\password',
    '',
  ].join('\n');
}
