import { createHash } from 'node:crypto';
import { type Session, sql } from '../database/index.ts';
import { type DatabaseName } from './clone.ts';

/**
 * Our numbers among the advisory locks in the database of the administrator. A session that ends gives its locks back, however it ends; the number
 * beside them is of the name that the lock is about.
 */
const purposes = { work: 70_368, taking: 70_369, use: 70_370 } as const;
type Purpose = keyof typeof purposes;

const keyOf = (name: string): number => createHash('sha256').update(name).digest().readInt32BE();

/** Works on a golden copy while no other command does; one that works on it already is waited for. */
export async function alone<T>(admin: Session, golden: DatabaseName, work: () => Promise<T>): Promise<T> {
  const key = keyOf(golden);
  await admin.query(sql`select pg_catalog.pg_advisory_lock(${purposes.work}::integer, ${key}::integer)`);
  try {
    return await work();
  } finally {
    await unlock(admin, 'work', golden);
  }
}

/** The same where no other command holds the lock; null where one does: it is not waited for. */
export async function unlessHeld<T>(
  admin: Session,
  lock: { readonly purpose: Purpose; readonly name: string },
  work: () => Promise<T>,
): Promise<T | null> {
  const { purpose, name } = lock;
  const [row] = await admin.query<{ locked: string }>(
    sql`select pg_catalog.pg_try_advisory_lock(${purposes[purpose]}::integer, ${keyOf(name)}::integer)::text as locked`,
  );
  if (row?.locked !== 'true') return null;
  try {
    return await work();
  } finally {
    await unlock(admin, purpose, name);
  }
}

/** Keeps a golden copy from being dropped by another command, until this session ends or gives it back. */
export async function holdGolden(admin: Session, golden: DatabaseName): Promise<void> {
  await admin.query(
    sql`select pg_catalog.pg_advisory_lock_shared(${purposes.use}::integer, ${keyOf(golden)}::integer)`,
  );
}

/** Gives it back. */
export async function releaseGolden(admin: Session, golden: DatabaseName): Promise<void> {
  await admin.query(
    sql`select pg_catalog.pg_advisory_unlock_shared(${purposes.use}::integer, ${keyOf(golden)}::integer)`,
  );
}

async function unlock(admin: Session, purpose: Purpose, name: string): Promise<void> {
  await admin.query(sql`select pg_catalog.pg_advisory_unlock(${purposes[purpose]}::integer, ${keyOf(name)}::integer)`);
}
