import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { OneRoofError } from '../core/index.ts';
import { type Connection, describe, openSession, type Session, sql } from '../database/index.ts';
import { pieceOf, readPiece } from './blob.ts';
import { type Entry, type EvidenceStore } from './evidence.ts';
import { openKey } from './key.io.ts';
import { checkLog, nextOf, type StoredLog } from './log.ts';

/** Any number that nobody else takes: two processes that create the schema at once come one after the other. */
const creation = 7_036_874_417;

/**
 * Keeps evidence in a database, in the schema `oneroof_evidence`, which is made at the first append.
 * A line and the checkpoint that covers it are one transaction; appends come one after the other by a lock on the head's row.
 *
 * Errors  of its methods: those of `checkLog`, EVIDENCE_KEY, EVIDENCE_UNWRITABLE, and those of `openSession`.
 */
export function openPostgresStore(connection: Connection, options: { readonly keyFile: string }): EvidenceStore {
  const place = `oneroof_evidence of ${describe(connection)}`;
  const keyFile = resolve(process.env['ONEROOF_EVIDENCE_KEY_FILE'] || options.keyFile);
  const use = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const session = await openSession(connection, { applicationName: 'oneroof evidence' });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  };
  const bytes = (entry: Entry) => use((session) => readBytes(session, entry));
  const load = () => use(async (session) => checkLog(await readAll(session, place)));
  return {
    bytes,
    locate: (entry) => `${place}, blob ${entry.digest}`,
    entries: async () => (await load()).lines.map(({ entry }) => entry),
    head: () => use(readHead),
    log: async () => {
      const { lines, checkpoint } = await load();
      return { lines, checkpoint };
    },
    of: (seal) =>
      use(async (session) => {
        const { lines } = checkLog(await readAll(session, place));
        const found = [];
        for (const { entry } of lines)
          if (entry.seal === seal) found.push(readPiece(entry, await readBytes(session, entry)));
        return found;
      }),
    append: async (recording, at) => {
      const key = await openKey(keyFile);
      const made = pieceOf(recording, at);
      return use(async (session) => {
        try {
          await create(session);
          return await inTransaction(session, async () => {
            await session.query(sql`select size from oneroof_evidence.head for update`);
            const before = checkLog(await readAll(session, place));
            const entry: Entry = { index: before.lines.length, ...made.piece };
            const origin = `oneroof-evidence/${randomBytes(16).toString('hex')}`;
            const next = nextOf(before, { entry, key, origin });
            const blob = Buffer.from(made.bytes).toString('hex');
            await session.query(
              sql`insert into oneroof_evidence.blobs (digest, bytes) values (${entry.digest}, pg_catalog.decode(${blob}, 'hex')) on conflict do nothing`,
            );
            await session.query(
              sql`insert into oneroof_evidence.lines (index, line) values (${entry.index}, ${next.line})`,
            );
            await session.query(
              sql`update oneroof_evidence.head set size = ${entry.index + 1}, checkpoint = ${next.checkpoint} where size = ${entry.index}`,
            );
            return entry;
          });
        } catch (cause) {
          throw cause instanceof OneRoofError ? cause : unwritable(place, cause);
        }
      });
    },
  };
}

function unwritable(place: string, cause: unknown): OneRoofError {
  return new OneRoofError('EVIDENCE_UNWRITABLE', {
    problem: `evidence cannot be written to ${place}: ${cause instanceof Error ? cause.message : String(cause)}`,
    fix: 'let the role create a schema, or use and write oneroof_evidence',
    cause,
  });
}

async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query(sql`begin isolation level read committed`);
  try {
    const done = await work();
    await session.query(sql`commit`);
    return done;
  } catch (error) {
    await session.query(sql`rollback`).catch(() => undefined);
    throw error;
  }
}

async function create(session: Session): Promise<void> {
  if (await exists(session)) return;
  await inTransaction(session, async () => {
    await session.query(sql`select pg_catalog.pg_advisory_xact_lock(${creation})`);
    if (await exists(session)) return;
    for (const statement of schema) await session.query(statement);
  });
}

/** Asks the catalogue itself: `to_regclass` answers from a cache that may still hold what was there before the wait for the lock. */
async function exists(session: Session): Promise<boolean> {
  const [row] = await session.query<{ found: string }>(
    sql`select exists (select from pg_catalog.pg_namespace where nspname = 'oneroof_evidence')::text as found`,
  );
  return row?.found === 'true';
}

/** One snapshot of all: the statement sees lines and head of the same moment. */
async function readAll(session: Session, place: string): Promise<StoredLog> {
  if (!(await exists(session))) return { place, bytes: Buffer.alloc(0), checkpoint: null, next: null };
  const [row] = await session.query<{ lines: string | null; checkpoint: string | null }>(
    sql`select (select pg_catalog.string_agg(line || E'\n', '' order by index) from oneroof_evidence.lines) as lines, checkpoint from oneroof_evidence.head`,
  );
  return { place, bytes: Buffer.from(row?.lines ?? ''), checkpoint: row?.checkpoint ?? null, next: null };
}

async function readHead(session: Session): Promise<string> {
  if (!(await exists(session))) return '';
  const [row] = await session.query<{ checkpoint: string | null }>(sql`select checkpoint from oneroof_evidence.head`);
  return row?.checkpoint ?? '';
}

async function readBytes(session: Session, entry: Entry): Promise<Uint8Array | null> {
  const [row] = await session.query<{ bytes: string }>(
    sql`select pg_catalog.encode(bytes, 'hex') as bytes from oneroof_evidence.blobs where digest = ${entry.digest}`,
  );
  return row === undefined ? null : Buffer.from(row.bytes, 'hex');
}

const schema = [
  sql`create schema oneroof_evidence`,
  sql`comment on schema oneroof_evidence is 'One Roof: what was measured and proven; append-only'`,
  sql`create table oneroof_evidence.blobs (digest text primary key, bytes bytea not null)`,
  sql`comment on table oneroof_evidence.blobs is 'The bytes of the evidence, by their digest'`,
  sql`comment on column oneroof_evidence.blobs.digest is 'sha256: and 64 digits, of the kind and the bytes'`,
  sql`comment on column oneroof_evidence.blobs.bytes is 'Canonical JSON'`,
  sql`create table oneroof_evidence.lines (index bigint primary key, line text not null)`,
  sql`comment on table oneroof_evidence.lines is 'The log: one signed envelope a line'`,
  sql`comment on column oneroof_evidence.lines.index is 'From 0, without gaps'`,
  sql`comment on column oneroof_evidence.lines.line is 'A leaf of the tree that the checkpoint covers'`,
  sql`create table oneroof_evidence.head (one boolean primary key default true check (one), size bigint not null, checkpoint text)`,
  sql`comment on table oneroof_evidence.head is 'The head of the log: one row, locked by each append'`,
  sql`comment on column oneroof_evidence.head.one is 'Keeps the table to one row'`,
  sql`comment on column oneroof_evidence.head.size is 'Lines'`,
  sql`comment on column oneroof_evidence.head.checkpoint is 'The signed head'`,
  sql`insert into oneroof_evidence.head (size) values (0)`,
];
