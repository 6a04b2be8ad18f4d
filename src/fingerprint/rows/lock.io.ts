import { OneRoofError, printable, truncate } from '../../core/index.ts';
import { literal, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { chunks, type CatalogRelation } from './plan.ts';
import { lockTables } from './rows.sql.ts';

/** How long to wait for a lock: production's own work goes first. */
export const lockTimeout = '2s';
/** When a table is asked for by itself because one of its chunk was not to be had; many of those must not add up. */
const singleLockTimeout = '200ms';
const tablesPerLock = 200;
const outOfMemory = '53200';

/** The lock of a table was not granted in time, or a table is busy. */
export const lockNotAvailable = '55P03';

/** The SQLSTATE of what the server refused; an error of ours is thrown. */
export function refusedState(error: unknown): string {
  // a lost connection is no one's table's fault
  if (error instanceof OneRoofError) throw error;
  return sqlStateOf(error);
}

/** Why a relation could not be read, in the server's words. */
export function lockReason(error: unknown): string {
  if (refusedState(error) === lockNotAvailable)
    return 'could not be locked in time: another session holds it, or waits for it';
  return `could not be read: ${truncate(printable(error instanceof Error ? error.message : String(error)), 200)}`;
}

/**
 * Takes ACCESS SHARE locks, before the transaction has a snapshot, at most half as many as the server has room for.
 * What finds no room is left unlocked: its file is compared after reading instead.
 *
 * Shape   tables that are locked, and reasons for those that another session holds, by name.
 */
export async function takeLocks(
  session: Session,
  of: { readonly tables: readonly CatalogRelation[]; readonly room: number },
): Promise<{ readonly locked: ReadonlySet<string>; readonly refused: ReadonlyMap<string, string> }> {
  const locked = new Set<string>();
  const refused = new Map<string, string>();
  const lock = async (tables: readonly CatalogRelation[]): Promise<unknown> => {
    await session.query(sql`savepoint locks`);
    try {
      await session.query(lockTables(tables));
      for (const { name } of tables) locked.add(name);
      return null;
    } catch (error) {
      await session.query(sql`rollback to savepoint locks`);
      return error;
    } finally {
      // a snapshot cannot be exported below a savepoint
      await session.query(sql`release savepoint locks`);
    }
  };
  for (const chunk of chunks(of.tables.slice(0, of.room), tablesPerLock)) {
    await setLockTimeout(session, lockTimeout);
    const error = await lock(chunk);
    if (error === null) continue;
    if (refusedState(error) === outOfMemory) break;
    await setLockTimeout(session, singleLockTimeout);
    for (const table of chunk) {
      const reason = await lock([table]);
      // a dropped table is not in the snapshot either; an existing one is refused with its reason
      if (reason !== null && refusedState(reason) !== outOfMemory) refused.set(table.name, lockReason(reason));
    }
  }
  await setLockTimeout(session, lockTimeout);
  return { locked, refused };
}

/** SET takes no snapshot, set_config() would. */
async function setLockTimeout(session: Session, timeout: string): Promise<void> {
  await session.query(sql`set local lock_timeout = ${literal(timeout)}`);
}
