import { createHash, randomBytes } from 'node:crypto';
import { type Digest, OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection, describe, openSession, type Session, sql } from '../database/index.ts';
import { pieceOf, readPiece } from './blob.ts';
import { type CheckedLog, openCheckedLog } from './checked.io.ts';
import { type Entry, type EvidenceStore, type Log, type Stored } from './evidence.ts';
import { openStoreKey, type SignWith } from './key.io.ts';
import { broken, type VerifiedLog, checkEnd, logLength, nextOf, type StoredLog } from './log.ts';
import { type SoftwareKey } from './sshsig.ts';

/** Any number that no one else takes: two processes that create the schema at once come one after the other. */
const creation = 7_036_874_417;

/**
 * Keeps evidence in a database, in the schema `oneroof_evidence`, which is made at the first append.
 * A line and the checkpoint that covers it are one transaction; appends come one after the other by a lock on the head's row.
 *
 * Errors  of its methods: those of `checkLog`, EVIDENCE_KEY, EVIDENCE_UNREADABLE, EVIDENCE_UNWRITABLE, and those of `openSession`.
 */
export function openPostgresStore(
  connection: Connection,
  options: SignWith & { readonly keyFile: string },
): EvidenceStore {
  const place = `oneroof_evidence of ${describe(connection)}`;
  const use = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const session = await openSession(connection, { applicationName: 'oneroof evidence' });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  };
  const read = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    use((session) => work(session).catch((cause: unknown) => Promise.reject(unreadable(place, cause))));
  const checked = openCheckedLog((known) => read((session) => readAll(session, { place, known })));
  const blobs = async (entries: readonly Entry[]) => {
    const found = new Map<Digest, Uint8Array>();
    await read((session) =>
      readBlobs(session, entries, (_, bytes) => {
        for (const [digest, blob] of bytes) found.set(digest, blob);
      }),
    );
    return found;
  };
  return {
    bytes: async (entry) => (await blobs([entry])).get(entry.digest) ?? null,
    blobs,
    locate: (entry) => `${place}, blob ${entry.digest}`,
    entries: async () => (await checked.read()).lines.map(({ entry }) => entry),
    head: () => read(readHead),
    log: async () => {
      const { lines, checkpoint } = await checked.read();
      return { lines, checkpoint };
    },
    of: async (seal) => {
      const entries = (await checked.read()).lines.map(({ entry }) => entry).filter((entry) => entry.seal === seal);
      const found: Stored[] = [];
      await read((session) =>
        readBlobs(session, entries, (some, bytes) => {
          for (const entry of some) found.push(readPiece(entry, bytes.get(entry.digest) ?? null));
        }),
      );
      return found;
    },
    ownKey: async () => (await openStoreKey(options)).publicKey,
    append: async (recording, at) => {
      const key = await openStoreKey(options);
      const made = pieceOf(recording, at);
      // what takes long is done before others have to wait for it
      if (checked.state === 'broken') await checked.read();
      try {
        const sent = await use(async (session) => {
          await create(session);
          return appendOnce(session, { place, checked, key, ...made });
        });
        if (!(sent.outcome instanceof Error)) return sent.entry;
        // the answer to COMMIT was lost: whether it is there says the database, once the transaction that may still be under way has ended
        if (await use((session) => isThere(session, sent))) return sent.entry;
        throw sent.outcome;
      } catch (cause) {
        throw cause instanceof OneRoofError ? cause : unwritable(place, cause);
      }
    },
  };
}

/** An append whose COMMIT was sent; an error if no answer came. */
interface Sent {
  readonly entry: Entry;
  readonly line: string;
  readonly outcome: 'committed' | Error;
}

async function appendOnce(
  session: Session,
  of: ReturnType<typeof pieceOf> & { readonly place: string; readonly checked: CheckedLog; readonly key: SoftwareKey },
): Promise<Sent> {
  const { place, checked, key, bytes, piece } = of;
  await session.query(sql`begin isolation level read committed`);
  const { entry, line } = await (async () => {
    await session.query(sql`select from oneroof_evidence.head for update`);
    const before = (await readEnd(session, checked)) ?? (await checked.read());
    const index = logLength(before);
    const made: Entry = { index, ...piece };
    const origin = `oneroof-evidence/${randomBytes(16).toString('hex')}`;
    const next = nextOf(before, { entry: made, key, origin });
    await session.query(
      sql`insert into oneroof_evidence.blobs (digest, bytes) values (${made.digest}, pg_catalog.decode(${Buffer.from(bytes).toString('hex')}, 'hex')) on conflict do nothing`,
    );
    await session.query(sql`insert into oneroof_evidence.lines (index, line) values (${index}, ${next.line})`);
    const moved = await session.query(
      sql`update oneroof_evidence.head set size = ${index + 1}, checkpoint = ${next.checkpoint}
        where checkpoint is not distinct from ${before.checkpoint} returning size`,
    );
    // also where the head's row, by whose lock appends come one after the other, was deleted
    if (moved.length !== 1)
      throw broken('EVIDENCE_CHECKPOINT_BROKEN', { place, why: 'has another head than the checked one' });
    return { entry: made, line: next.line };
  })().catch(async (error: unknown) => {
    await session.query(sql`rollback`).catch(() => undefined);
    throw error;
  });
  const outcome = await session.query(sql`commit`).then(
    () => 'committed' as const,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  return { entry, line, outcome };
}

/** Says whether a line was recorded; the lock on the head waits for the transaction that wrote it. */
async function isThere(session: Session, { entry, line }: Sent): Promise<boolean> {
  return inTransaction(session, async () => {
    await session.query(sql`select from oneroof_evidence.head for update`);
    const [row] = await session.query<{ line: string }>(
      sql`select line from oneroof_evidence.lines where index = ${entry.index}`,
    );
    return row?.line === line;
  });
}

/** The end of the log, checked at a cost that does not grow with the log; null where all of it has to be checked. */
async function readEnd(session: Session, checked: CheckedLog): Promise<Log | null> {
  if (checked.state === 'broken') return null;
  const [row] = await session.query<{ last: string | null; checkpoint: string | null }>(
    sql`select (select line from oneroof_evidence.lines order by index desc limit 1) as last, checkpoint from oneroof_evidence.head`,
  );
  const end = row === undefined ? null : checkEnd(row);
  return end !== null && checked.mayEndWith(end) ? end : null;
}

function unreadable(place: string, cause: unknown): unknown {
  // what a server refuses has a code of SQL; what is no answer of a server has words of its own already
  if (cause instanceof OneRoofError || !(cause instanceof Error && 'severity' in cause)) return cause;
  return new OneRoofError('EVIDENCE_UNREADABLE', {
    ...stated`evidence cannot be read from ${{ place }}: ${{ said: printable(cause.message) }}`,
    fix: 'grant the role USAGE on the schema oneroof_evidence and SELECT on its tables',
    cause,
  });
}

function unwritable(place: string, cause: unknown): OneRoofError {
  return new OneRoofError('EVIDENCE_UNWRITABLE', {
    ...stated`evidence cannot be written to ${{ place }}: ${{ said: cause instanceof Error ? cause.message : String(cause) }}`,
    fix: 'grant the role CREATE on the database, or USAGE on the schema oneroof_evidence and INSERT, SELECT and UPDATE on its tables',
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

/**
 * One snapshot of all: the statement sees lines and head of the same moment. Of what is known the server tells the digest, so that only
 * what was added has to be sent.
 */
async function readAll(
  session: Session,
  { place, known }: { readonly place: string; readonly known: VerifiedLog | null },
): Promise<StoredLog> {
  if (!(await exists(session))) return { place, bytes: Buffer.alloc(0), checkpoint: null, next: null };
  const size = known?.lines.length ?? 0;
  const digest = createHash('sha256')
    .update(known?.bytes ?? '')
    .digest('hex');
  const [row] = await session.query<{ same: string; lines: string | null; checkpoint: string | null }>(
    sql`with log as (
      select pg_catalog.convert_to(coalesce(pg_catalog.string_agg(line || E'\n', '' order by index) filter (where index < ${size}), ''), 'UTF8') as known,
        pg_catalog.string_agg(line || E'\n', '' order by index) filter (where index >= ${size}) as new,
        pg_catalog.string_agg(line || E'\n', '' order by index) as all
      from oneroof_evidence.lines)
    select same::text as same, case when same then new else log.all end as lines, checkpoint
      from log, lateral (select pg_catalog.encode(pg_catalog.sha256(known), 'hex') = ${digest} as same) s left join oneroof_evidence.head on true`,
  );
  const lines = Buffer.from(row?.lines ?? '');
  const bytes = known !== null && row?.same === 'true' ? Buffer.concat([known.bytes, lines]) : lines;
  return { place, bytes, checkpoint: row?.checkpoint ?? null, next: null };
}

async function readHead(session: Session): Promise<string> {
  if (!(await exists(session))) return '';
  const [row] = await session.query<{ checkpoint: string | null }>(sql`select checkpoint from oneroof_evidence.head`);
  return row?.checkpoint ?? '';
}

/** So many are asked for at once: their bytes come in one answer. */
const mostBlobs = 200;

async function readBlobs(
  session: Session,
  entries: readonly Entry[],
  take: (some: readonly Entry[], bytes: ReadonlyMap<Digest, Uint8Array>) => void,
): Promise<void> {
  for (let from = 0; from < entries.length; from += mostBlobs) {
    const some = entries.slice(from, from + mostBlobs);
    const rows = await session.query<{ digest: Digest; bytes: string }>(
      sql`select digest, pg_catalog.encode(bytes, 'hex') as bytes from oneroof_evidence.blobs
        where digest in (select pg_catalog.json_array_elements_text(${JSON.stringify(some.map(({ digest }) => digest))}::json))`,
    );
    take(some, new Map(rows.map(({ digest, bytes }) => [digest, Buffer.from(bytes, 'hex')])));
  }
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
