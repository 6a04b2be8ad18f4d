import { type Problem, printable, stated } from '../../core/index.ts';
import { fixed, type Session, sql } from '../../database/index.ts';
import { asAdministrator } from '../session/index.ts';

/** Clones come and go while a tier runs: other rehearsals make them. */
const databasePrefix = 'oneroof_';

/** What every database of a server shares, by name; of what may be a secret only a hash. */
type ServerState = ReadonlyMap<string, string>;

/** SQL: one row for each shared object, as kind, name and value. */
function shared(version: number, may: { readonly passwords: boolean }): string {
  const hash = (text: string): string =>
    `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(${text}, ''), 'UTF8')), 'hex')`;
  const roles = may.passwords
    ? `select 'role' as kind, a.rolname::text as name, (pg_catalog.to_jsonb(a) - 'oid' - 'rolpassword')::text || ${hash('a.rolpassword')} as value from pg_catalog.pg_authid a`
    : `select 'role' as kind, a.rolname::text as name, (pg_catalog.to_jsonb(a) - 'oid')::text as value from pg_catalog.pg_roles a`;
  return [
    roles,
    `select 'membership', pg_catalog.pg_get_userbyid(m.member)::text || ' in ' || pg_catalog.pg_get_userbyid(m.roleid)::text || ' by ' || pg_catalog.pg_get_userbyid(m.grantor)::text,
      (pg_catalog.to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor')::text from pg_catalog.pg_auth_members m`,
    // those of this database belong to it, and are compared with its schema
    `select 'setting', case when s.setrole = 0 then 'of all roles' else 'of ' || pg_catalog.pg_get_userbyid(s.setrole)::text end
      || case when s.setdatabase = 0 then ' in all databases' else ' in ' || coalesce((select d.datname::text from pg_catalog.pg_database d where d.oid = s.setdatabase), '') end,
      ${hash('s.setconfig::text')} from pg_catalog.pg_db_role_setting s
      where s.setdatabase is distinct from (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())`,
    ...(version < 150_000
      ? []
      : [
          `select 'privileges on parameter', p.parname, (select pg_catalog.array_agg(a::text order by a::text)::text from pg_catalog.unnest(p.paracl) a) from pg_catalog.pg_parameter_acl p`,
        ]),
    `select 'tablespace', t.spcname::text, (pg_catalog.to_jsonb(t) - 'oid')::text from pg_catalog.pg_tablespace t`,
    `select 'database', d.datname::text, pg_catalog.concat_ws(' ', d.datdba, d.datallowconn, d.datistemplate, d.datconnlimit, d.datacl::text) from pg_catalog.pg_database d
      where d.datname <> pg_catalog.current_database()`,
    `select 'replication origin', o.roname, '' from pg_catalog.pg_replication_origin o`,
    `select 'comment', pg_catalog.concat_ws(' ', 'on', x.classoid::pg_catalog.regclass, x.objoid), x.description from pg_catalog.pg_shdescription x
      where x.classoid <> 'pg_catalog.pg_database'::pg_catalog.regclass`,
  ].join('\nunion all ');
}

async function readShared(session: Session, may: { readonly passwords: boolean }): Promise<ServerState> {
  const rows = await session.query<{ kind: string; name: string; value: string }>(
    sql`${fixed(shared(session.serverVersion, may))}`,
  );
  return new Map(rows.map(({ kind, name, value }) => [`${kind} ${name}`, value]));
}

/** What no transaction holds back: it is there as soon as it was written. */
async function readAtOnce(session: Session): Promise<ServerState> {
  const rows = await session.query<{ name: string }>(sql`
    select 'replication slot ' || s.slot_name::text as name from pg_catalog.pg_replication_slots s where not s.temporary
    union all select 'database ' || d.datname::text from pg_catalog.pg_database d where not pg_catalog.starts_with(d.datname, ${databasePrefix})
    union all select 'tablespace ' || t.spcname::text from pg_catalog.pg_tablespace t`);
  const [may] = await session.query<{ may: string }>(
    sql`select (pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE'))::text as may`,
  );
  const settings =
    may?.may !== 'true'
      ? []
      : await session.query<{ name: string; value: string }>(sql`
          select 'setting of the server ' || f.name as name, pg_catalog.md5(coalesce(f.setting, '')) as value
          from pg_catalog.pg_file_settings f where f.sourcefile ~ 'postgresql[.]auto[.]conf$'`);
  return new Map([
    ...rows.map(({ name }) => [name, ''] as const),
    ...settings.map(({ name, value }) => [name, value] as const),
  ]);
}

/** Watches what every database of a server shares, while a tier runs. */
export interface ServerWatch {
  /** What the open transaction of the session has changed: no one else sees it yet. */
  uncommitted(): Promise<readonly string[]>;
  /** What appeared, went or changed at once, on a server where no one else is at work; nothing elsewhere. */
  atOnce(): Promise<readonly string[]>;
}

/**
 * Watches by a second session: what the first one sees and the second one does not is the first one's doing, whatever else happens on the
 * server, and whatever text it hid in.
 */
export async function watchServer(
  session: Session,
  by: { readonly watcher: Session; readonly on: { readonly server: 'private' | 'shared' } },
): Promise<ServerWatch> {
  const { watcher, on } = by;
  const begun = on.server === 'private' ? await readAtOnce(watcher) : new Map<string, string>();
  return {
    // only the administrator may read passwords, and the release runs as another role
    uncommitted: () => asAdministrator(session, () => uncommittedOf(session, watcher)),
    atOnce: async () => {
      const now = on.server === 'private' ? await readAtOnce(watcher) : begun;
      // another command that has joined the server meanwhile may have changed it
      return on.server === 'private' ? changesBetween(begun, now).map(changeText) : [];
    },
  };
}

async function uncommittedOf(session: Session, watcher: Session): Promise<readonly string[]> {
  const passwords = (await mayReadPasswords(session)) && (await mayReadPasswords(watcher));
  const differing = async (): Promise<readonly Change[]> =>
    changesBetween(await readShared(watcher, { passwords }), await readShared(session, { passwords }));
  let found = await differing();
  // what others commit between two readings is another difference the next time, or none; what this transaction changed stays the same
  for (let again = 0; again < 2 && found.length > 0; again += 1) {
    const next = await differing();
    found = found.filter((one) =>
      next.some((other) => one.was === other.was && one.is === other.is && one.name === other.name),
    );
  }
  return found.map(changeText);
}

async function mayReadPasswords(session: Session): Promise<boolean> {
  const [row] = await session.query<{ may: string }>(
    sql`select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')::text as may`,
  );
  return row?.may === 'true';
}

interface Change {
  readonly name: string;
  /** Undefined where it was not there. */
  readonly was: string | undefined;
  readonly is: string | undefined;
}

function changesBetween(before: ServerState, after: ServerState): readonly Change[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((name) => ({ name, was: before.get(name), is: after.get(name) }))
    .filter(({ was, is }) => was !== is);
}

function changeText({ name, was, is }: Change): string {
  return `${name} ${was === undefined ? 'did not exist before' : is === undefined ? 'was dropped' : 'differs from before'}`;
}

/** A problem for each change of what all databases share. */
export function serverChanged(where: string, changes: readonly string[]): readonly Problem[] {
  return changes.slice(0, 10).map((change) => ({
    code: 'SERVER_CHANGED' as const,
    ...stated`${{ moment: printable(where) }}: every database of the server shares this, and the release changes it: ${{ change: printable(change) }}`,
    fix: 'remove the statement from the release, and make that change by hand on the server before or after it',
  }));
}
