import { existsSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { now } from '../core/index.ts';
import { openSession, type Session, sql } from '../database/index.ts';
import { type HeldCopies, type HeldClone, refuseBeyond } from './cap.ts';
import { type DatabaseName } from './clone.ts';
import { generationFolder } from './generations.io.ts';
import { isLeftOver, readMarks } from './lease.io.ts';
import { noSpace } from './providers/copy.io.ts';
import { readTemplateSource, templateGoldens, type TemplateSetup } from './providers/template.io.ts';
import { sparedBytes } from './sample/take-sample.io.ts';
import { type Served } from './served-generation.io.ts';
import { copiedFrom, type PrivateSetup } from './take-copy.io.ts';

/** What the served generations of a setup hold, the newest first: bytes as the files have them, so that shared blocks count twice. */
export async function heldIn(setup: PrivateSetup, served: readonly Served[]): Promise<HeldCopies> {
  const held = { bytes: 0, goldenBytes: 0, unusedBytes: 0, clones: [] as HeldClone[] };
  for (const [at, { admin, record }] of served.entries()) {
    const bytes = await bytesBelow(generationFolder(setup, record.golden.generation));
    const clones = await clonesOn(admin);
    held.bytes += bytes;
    if (at === 0) held.goldenBytes = await sizeOf(admin, record.golden.database);
    else if (clones.every(({ isOver }) => isOver))
      held.unusedBytes += bytes - clones.reduce((sum, one) => sum + one.bytes, 0);
    held.clones.push(...clones);
  }
  return held;
}

/** What the golden copies of a source and their clones hold, on the server of the provider "template". */
export async function heldOnServer(admin: Session, { source }: Pick<TemplateSetup, 'source'>): Promise<HeldCopies> {
  const goldens = await templateGoldens(admin, source);
  const names = goldens.map(({ database }) => database);
  const clones = await clonesOn(admin, names);
  const sizes = await Promise.all(names.map((name) => sizeOf(admin, name)));
  const unused = sizes.filter(
    (_, at) => at > 0 && clones.every(({ golden, isOver }) => isOver || golden !== names[at]),
  );
  const sum = (of: readonly number[]): number => of.reduce((total, one) => total + one, 0);
  return {
    bytes: sum([...sizes, ...clones.map(({ bytes }) => bytes)]),
    goldenBytes: sizes[0] ?? 0,
    unusedBytes: sum(unused),
    clones,
  };
}

/**
 * Compares the size of production with what oneroof.yaml allows, and with the room on the disk, before anything is read.
 *
 * Shape   what the copy may have at most, bytes; null: no bound.
 * Errors  CLONE_CAP, CLONE_NO_SPACE.
 */
export async function refuseGolden(setup: PrivateSetup, served: readonly Served[]): Promise<number | null> {
  const session = await openSession(copiedFrom(setup), { applicationName: 'oneroof golden' });
  let bytes: number;
  try {
    bytes = await estimate(session, setup.provider === 'dump' ? 'database' : 'server');
    if (setup.provider === 'dump') bytes -= await sparedBytes(session, setup.sample);
  } finally {
    await session.close();
  }
  const { cap } = setup;
  const held = cap === undefined ? null : await heldIn(setup, served);
  if (cap !== undefined && held !== null) refuseBeyond(cap, held, { what: 'golden copy', bytes });
  const room = cap?.maxBytes == null || held === null ? null : cap.maxBytes - held.bytes;
  // a copy of files that shares blocks needs none, and finds out by itself
  if (setup.provider !== 'dump') return room;
  const { bavail, bsize } = await statfs(setup.folder);
  if (bavail * bsize < bytes) throw noSpace(setup.folder, `production has ${bytes} bytes, ${bavail * bsize} are free`);
  return room;
}

/**
 * The same for a copy on the server of the provider "template".
 *
 * Errors  CLONE_CAP.
 */
export async function refuseTemplateGolden(admin: Session, { source, cap }: TemplateSetup): Promise<void> {
  if (cap === undefined) return;
  const { bytes } = await readTemplateSource(admin, source);
  refuseBeyond(cap, await heldOnServer(admin, { source }), { what: 'golden copy', bytes });
}

/** Of a server all databases that the role may see the size of. */
async function estimate(session: Session, of: 'database' | 'server'): Promise<number> {
  const [row] = await session.query<{ bytes: string }>(sql`
    select coalesce(sum(pg_catalog.pg_database_size(oid)), 0)::text as bytes from pg_catalog.pg_database
    where (${of} = 'server' or datname = pg_catalog.current_database()) and datconnlimit <> -2
      and (pg_catalog.has_database_privilege(oid, 'connect') or pg_catalog.pg_has_role('pg_read_all_stats', 'usage'))`);
  return Number(row?.bytes ?? 0);
}

async function clonesOn(
  admin: Session,
  goldens?: readonly DatabaseName[],
): Promise<readonly (HeldClone & { readonly golden: DatabaseName })[]> {
  const at = now();
  const clones: (HeldClone & { readonly golden: DatabaseName })[] = [];
  for (const found of await readMarks(admin)) {
    if (found.kind !== 'lease' || goldens?.includes(found.lease.golden) === false) continue;
    const { database, expires, golden } = found.lease;
    const isOver = await isLeftOver(found, at);
    clones.push({ database, expires, golden, isOver, bytes: await sizeOf(admin, database) });
  }
  return clones;
}

/** 0 where it was dropped meanwhile. */
async function sizeOf(admin: Session, database: DatabaseName): Promise<number> {
  const [row] = await admin.query<{ bytes: string }>(sql`
    select pg_catalog.pg_database_size(oid)::text as bytes from pg_catalog.pg_database where datname = ${database} and datconnlimit <> -2`);
  return Number(row?.bytes ?? 0);
}

/** As the disk counts it, in blocks. */
async function bytesBelow(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // files come and go on a server
    const facts = entry.isFile() ? await stat(join(entry.parentPath, entry.name)).catch(() => null) : null;
    bytes += (facts?.blocks ?? 0) * 512;
  }
  return bytes;
}
