import { z } from 'zod';
import { type CloneHost, type Golden } from '../../clone/index.ts';
import { digest, now, OneRoofError } from '../../core/index.ts';
import { type Connection, openObserver, openSession, type Snapshot, type Session, sql } from '../../database/index.ts';
import { differingObjects, type ListedObject, listSchema, schemaListingSql } from '../../fingerprint/index.ts';
import {
  type AgainstProduction,
  type Identity,
  isCopyOf,
  mostNamed,
  otherDatabase,
  whyNot,
} from './against-production.ts';

interface Production extends Identity {
  readonly listed: readonly ListedObject[];
}

/** What is kept beside a golden copy, so that the usual case reads only production. */
const onceForm = z.object({ digest: z.string(), incarnation: z.string().nullable() });

/**
 * Compares the golden copy with production, object by object, before a rehearsal: production read-only with the observer's role. Where it cannot be
 * read that is said, and is in the record: the gate compares again before anything runs.
 *
 * Errors  GOLDEN_OTHER; OBSERVER_WROTE: looking did something, which must not be passed over.
 */
export async function compareGolden(of: {
  readonly host: CloneHost;
  readonly golden: Golden;
  readonly target: { readonly name: string; readonly observer: Connection };
}): Promise<AgainstProduction> {
  const { host, golden, target } = of;
  const at = now();
  const production = await readProduction(target.observer);
  if ('why' in production) return { compared: 'no', target: target.name, at, why: production.why };
  return host.readGolden(async (connection) => {
    const session = await openSession(connection, { applicationName: 'oneroof golden' });
    try {
      const kept = await readKept(session, host);
      const identity = isCopyOf({ golden, incarnation: kept.incarnation }, production);
      if (identity === 'no') throw otherDatabase(golden, target.name);
      const listed = kept.digest === digestOf(production.listed) ? production.listed : await listSchema(session);
      const all = differingObjects(listed, production.listed);
      const known = identity === 'yes' ? 'known' : 'not known';
      const base = { compared: 'yes', target: target.name, at, identity: known } as const;
      return { ...base, differs: all.slice(0, mostNamed), count: all.length };
    } finally {
      await session.close();
    }
  });
}

async function readProduction(to: Connection): Promise<Production | { readonly why: string }> {
  try {
    const observer = await openObserver(to, { applicationName: 'oneroof rehearsal' });
    const read = await observer
      .snapshot(async (reading) => ({
        source: await readSource(reading),
        incarnation: await readIncarnation(reading, 'by the gate'),
        listed: await listSchema(reading),
      }))
      .catch(async (error: unknown) => {
        // the first error says what happened; an error of closing a broken session would hide it
        await observer.close().catch(() => null);
        throw error;
      });
    await observer.close();
    return read;
  } catch (error) {
    if (!(error instanceof OneRoofError) || error.code === 'OBSERVER_WROTE') throw error;
    return { why: whyNot(error.problems) };
  }
}

/** Under a name that changes with the server, with what is listed, and with the name of a role. */
async function readKept(session: Session, host: Pick<CloneHost, 'once'>): Promise<z.infer<typeof onceForm>> {
  const [names] = await session.query<{ under: string }>(sql`
    select encode(sha256(convert_to(concat(version(), ${schemaListingSql(session.serverVersion)}::text, (select string_agg(oid || rolname, ' ' order by oid) from pg_roles)), 'UTF8')), 'hex') as under`);
  const read = async (): Promise<string> =>
    JSON.stringify({
      digest: digestOf(await listSchema(session)),
      incarnation: await readIncarnation(session, 'by its row'),
    });
  return onceForm.parse(JSON.parse(await host.once(`listing ${names?.under}`, read)));
}

function digestOf(listed: readonly ListedObject[]): string {
  return digest(
    'schema',
    listed.map((object) => JSON.stringify(object)),
  );
}

/** Numbers of the server, where this role may read them. */
async function readSource(reading: Snapshot): Promise<Identity['source']> {
  const [may] = await reading.query<{ may: string }>(
    sql`select pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')::text as may`,
  );
  if (may?.may !== 'true') return null;
  const [row] = await reading.query<{ system: string; oid: string }>(sql`
    select s.system_identifier::text as system, d.oid::text as oid
    from pg_catalog.pg_control_system() s, pg_catalog.pg_database d where d.datname = current_database()`);
  return row === undefined ? null : { systemIdentifier: row.system, databaseOid: row.oid };
}

/** Null where there is no gate, or this role may not ask it. */
async function readIncarnation(
  session: Pick<Session, 'query'>,
  how: 'by the gate' | 'by its row',
): Promise<string | null> {
  const [may] = await session.query<{ may: string }>(
    how === 'by the gate'
      ? sql`select coalesce(pg_catalog.bool_and(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_function_privilege(p.oid, 'execute')), false)::text as may
          from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'gate' and p.proname = 'describe' and p.pronargs = 0`
      : sql`select (to_regclass('gate.identity') is not null)::text as may`,
  );
  if (may?.may !== 'true') return null;
  const [row] = await session.query<{ incarnation: string }>(
    how === 'by the gate'
      ? sql`select gate.describe() #>> '{facts,incarnation}' as incarnation`
      : sql`select incarnation::text as incarnation from gate.identity`,
  );
  return row?.incarnation ?? null;
}
