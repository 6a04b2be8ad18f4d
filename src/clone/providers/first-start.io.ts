import { type Binaries, fixed, id, literal, openSession, type Server, sql, startServer } from '../../database/index.ts';
import { type CloneSetup } from '../../setup/index.ts';
import { type DatabaseName, type Golden } from '../clone.ts';
import { findOtherOrders, type readCollations, refuseOtherOrders } from '../collation.io.ts';
import { maskCopy } from '../mask/mask-copy.io.ts';
import { maskingSettings } from '../mask/old-values.io.ts';

/**
 * The first start of a copy of files: replays the WAL, removes what could reach out, masks columns, and turns the source's database into the golden one. `inspect`
 * sees the copy before it is masked, under its old name, before anything can be seen of it elsewhere.
 *
 * Errors  CLONE_COLLATION, CLONE_MASK_FAILED, SERVER_START, and what `inspect` throws.
 */
export async function startCopyFirst(
  plan: {
    readonly data: string;
    readonly binaries: Binaries;
    readonly superuser: string;
    /** The name that the database has in the source. */
    readonly from: string;
    readonly database: DatabaseName;
    /** Those of the source: the indexes of the copy are in their order. */
    readonly collations: Awaited<ReturnType<typeof readCollations>>;
    readonly mask: Extract<CloneSetup, { provider: 'physical' }>['mask'];
    readonly signal: AbortSignal | undefined;
  },
  inspect: (server: Server) => Promise<void> = async () => undefined,
): Promise<Pick<Golden, 'masks'>> {
  const { binaries, data, superuser, from, database, mask, collations } = plan;
  // a login event trigger of the source must not run here
  const settings = {
    ...(binaries.major >= 17 ? { event_triggers: 'off' } : {}),
    ...(mask === undefined ? {} : maskingSettings(binaries.major)),
  };
  const server = await startServer({ binaries, data, superuser, settings, network: 'none' });
  try {
    const own = await openSession(server.connection(from), { applicationName: 'oneroof golden' });
    try {
      refuseOtherOrders(await findOtherOrders(own, collations));
      // rows, not DROP SUBSCRIPTION: that would connect to the publisher and drop the slot that production uses
      await own.query(sql`delete from pg_catalog.pg_subscription_rel`);
      await own.query(sql`delete from pg_catalog.pg_shdepend where classid = 'pg_catalog.pg_subscription'::regclass`);
      await own.query(sql`delete from pg_catalog.pg_subscription`);
      const prepared = await own.query<{ gid: string }>(
        sql`select gid from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()`,
      );
      for (const { gid } of prepared) await own.query(sql`rollback prepared ${literal(gid)}`);
    } finally {
      await own.close();
    }
    await inspect(server);
    const admin = await openSession(server.connection('template1'), { applicationName: 'oneroof golden' });
    try {
      const others = await admin.query<{ name: string }>(sql`
        select datname as name from pg_catalog.pg_database
        where datname not in ('template0', 'template1', 'postgres', ${from})`);
      for (const { name } of others) {
        await admin.query(sql`alter database ${id(name)} with is_template false`);
        await admin.query(sql`drop database ${id(name)} ${fixed('with (force)')}`);
      }
      const masked = await maskCopy({ connection: server.connection(from), mask, data, signal: plan.signal });
      await admin.query(sql`alter database ${id(from)} rename to ${id(database)}`);
      await admin.query(sql`alter database ${id(database)} with is_template true allow_connections false`);
      await admin.query(sql`checkpoint`);
      return masked;
    } finally {
      await admin.close();
    }
  } finally {
    await server.stop();
  }
}
