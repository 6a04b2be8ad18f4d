import { type Connection, openSession, sql, sqlStateOf, type Session } from '../../database/index.ts';
import { type Candidate, chooseRole, type RoleChoice, type RoleFacts } from './role.ts';

/** Finds out as which role a release is rehearsed on a clone. */
export async function readRole(clone: Connection, wanted: string | null): Promise<RoleChoice> {
  const session = await openSession(clone, { applicationName: 'oneroof rehearsal' });
  try {
    return chooseRole(await factsOf(session, wanted), wanted);
  } finally {
    await session.close();
  }
}

async function factsOf(session: Session, wanted: string | null): Promise<RoleFacts> {
  const [here] = await session.query<{ administrator: string; databaseOwner: string; gate: string | null }>(sql`
    select current_user::text as administrator, pg_catalog.pg_get_userbyid(d.datdba)::text as "databaseOwner",
      (select pg_catalog.pg_get_userbyid(p.proowner)::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
       where n.nspname = 'gate' and p.proname = 'execute_step') as gate
    from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`);
  const { administrator = '', databaseOwner = '', gate: owner = null } = here ?? {};
  const gate = owner === null ? null : { owner, named: (await namedByGate(session)) ?? owner };
  const names = [administrator, databaseOwner, gate?.named, wanted].filter((name) => typeof name === 'string');
  const right = session.serverVersion >= 160_000 ? 'SET' : 'MEMBER';
  const roles = await session.query<{ name: string; mighty: string; reachable: string }>(sql`
    select r.rolname::text as name, (r.rolsuper or r.rolreplication or r.rolbypassrls)::text as mighty,
      pg_catalog.pg_has_role(r.oid, ${right})::text as reachable
    from pg_catalog.pg_roles r where r.rolname = any(${names}::text[])`);
  return {
    administrator,
    databaseOwner,
    gate,
    roles: roles.map(
      ({ name, mighty, reachable }): Candidate => ({
        name,
        mighty: mighty === 'true',
        reachable: reachable === 'true',
      }),
    ),
  };
}

/** What the gate was installed for; null where the administrator of the clone may not read it. */
async function namedByGate(session: Session): Promise<string | null> {
  try {
    const [row] = await session.query<{ name: string }>(sql`select app_owner as name from gate.identity`);
    return row?.name ?? null;
  } catch (error) {
    if (sqlStateOf(error) === '42501') return null;
    throw error;
  }
}
