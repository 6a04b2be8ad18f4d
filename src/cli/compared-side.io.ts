import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Milliseconds, now, onAbort, OneRoofError, printable, stated } from '../core/index.ts';
import {
  type Connection,
  describe,
  openObserver,
  openSession,
  parseAddress,
  problemOf,
  resolveConnection,
  type Session,
  type Snapshot,
  sql,
} from '../database/index.ts';
import {
  captureRows,
  captureSchema,
  type FingerprintDocument,
  parseFingerprint,
  type RowHash,
} from '../fingerprint/index.ts';
import { readSetup, targetOf } from '../setup/index.ts';
import { type Context } from './verb.ts';

/** A database that a command may read. */
export interface DatabaseSide {
  readonly kind: 'database';
  /** As it was called, for people. */
  readonly name: string;
  readonly connection: Connection;
  /** `observer`: a target of oneroof.yaml, which a role that could write may not read. Both read in read-only transactions. */
  readonly as: 'observer' | 'any role';
}

/** One side of a comparison. */
export type ComparedSide =
  | DatabaseSide
  | { readonly kind: 'file'; readonly name: string; readonly document: FingerprintDocument };

/** No time-out: with one, a large database could not be read. */
const patience = 86_400_000 as Milliseconds;

/**
 * Finds the database that a word names: `env:NAME` is an address in an environment variable, anything else a target of oneroof.yaml,
 * the default one where there is no word.
 *
 * Errors  SECRET_ON_COMMAND_LINE, USAGE, those of readSetup, targetOf and resolveConnection.
 */
export async function databaseSide(context: Context, word?: string): Promise<DatabaseSide> {
  refuseSecret(word ?? '');
  if (word?.startsWith('env:') === true) {
    const variable = word.slice('env:'.length);
    const url = process.env[variable];
    if (!url)
      throw new OneRoofError('USAGE', {
        ...stated`${{ value: printable(word) }}: the environment variable ${{ variable: printable(variable) }} is not set`,
        fix: `export ${printable(variable)}=postgres://user@host:5432/database`,
      });
    return { kind: 'database', name: word, connection: resolveConnection({ url, env: process.env }), as: 'any role' };
  }
  if (word !== undefined && isAddress(word)) {
    const connection = resolveConnection({ url: word, env: process.env });
    return { kind: 'database', name: describe(connection), connection, as: 'any role' };
  }
  const setup = await readSetup(context.folder);
  const target = targetOf(setup, word ?? setup.defaultTarget);
  return { kind: 'database', name: target.name, connection: target.observer, as: 'observer' };
}

/**
 * Finds the database or the fingerprint file that a word names: a word with a dot or a slash is a file.
 *
 * Errors  those of databaseSide; CONFIG_NOT_FOUND, FINGERPRINT_INVALID.
 */
export async function anySide(context: Context, word: string): Promise<ComparedSide> {
  refuseSecret(word);
  if (word.startsWith('env:') || isAddress(word) || !/[./\\]/.test(word)) return databaseSide(context, word);
  return { kind: 'file', name: word, document: readDocument(context, word) };
}

/**
 * Reads a fingerprint file, below the folder of the command.
 *
 * Errors  CONFIG_NOT_FOUND, FINGERPRINT_INVALID.
 */
export function readDocument(context: Context, name: string): FingerprintDocument {
  const file = resolve(context.folder, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`the fingerprint ${{ file: printable(file) }} cannot be read`,
      fix: `oneroof fingerprint TARGET --out ${printable(name)} writes it; the name of a target has no dot and no slash`,
      cause,
    });
  }
  return parseFingerprint(text, name);
}

/** What is read of a database. */
export interface ReadOptions {
  /** null: the schema alone. */
  readonly rows: { readonly hash: RowHash; readonly seeds: readonly [string, string] } | null;
}

/**
 * Takes the fingerprint of a database, read-only.
 *
 * Errors  those of openObserver, openSession and captureRows; SQL_FAILED and its kin.
 */
export async function takeFingerprint(
  side: DatabaseSide,
  look: ReadOptions,
  context: Context,
): Promise<FingerprintDocument> {
  return told(side, async () => {
    const takenAt = now();
    const { schema, serverVersion } = await withReading(side, context.signal, async (reading) => ({
      schema: await captureSchema(reading),
      serverVersion: reading.serverVersion,
    }));
    const data =
      look.rows === null
        ? null
        : await captureRows(side.connection, {
            ...look.rows,
            applicationName: 'oneroof fingerprint',
            signal: context.signal,
            onProgress: ({ bytes, of }) =>
              context.terminal.progress(
                `${side.name}: ${Math.floor((100 * bytes) / Math.max(of, 1))} % of ${Math.ceil(of / 1e6)} MB`,
              ),
          });
    return { version: 1, of: describe(side.connection), serverVersion, takenAt, schema, data };
  });
}

/** Opens a session for reading a database, passes it to a function, and closes it; an interruption cancels the running query. */
export async function withReader<T>(
  side: DatabaseSide,
  signal: AbortSignal,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const session = await openSession(side.connection, {
    applicationName: 'oneroof diff',
    settings: { default_transaction_read_only: 'on', lock_timeout: '2s', statement_timeout: '0' },
  });
  const cancel = (): void => void session.cancel().catch(() => undefined);
  const stopListening = onAbort(signal, cancel);
  try {
    return await told(side, () => use(session));
  } finally {
    stopListening();
    await session.close();
  }
}

/**
 * Reads a database inside of one read-only transaction: a target with a role that cannot write, any other database with any role.
 *
 * Errors  those of openObserver and openSession; OBSERVER_CAN_WRITE, SQL_FAILED and its kin.
 */
export async function withReading<T>(
  side: DatabaseSide,
  signal: AbortSignal,
  use: (reading: Snapshot) => Promise<T>,
): Promise<T> {
  if (side.as === 'observer') return told(side, () => observed(side, signal, use));
  return withReader(side, signal, async (session) => {
    await session.query(sql`begin isolation level repeatable read read only`);
    const value = await use({ ...session, read: session.rows });
    await session.query(sql`rollback`);
    return value;
  });
}

async function observed<T>(
  side: DatabaseSide,
  signal: AbortSignal,
  use: (reading: Snapshot) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const observer = await openObserver(side.connection, {
    applicationName: 'oneroof fingerprint',
    statementTimeout: patience,
  }).catch((error: unknown) => {
    throw withWayOut(error, side);
  });
  const cancel = (): void => void observer.cancel().catch(() => undefined);
  const stopListening = onAbort(signal, cancel);
  try {
    return await observer.snapshot(use);
  } finally {
    stopListening();
    await observer.close();
  }
}

/** Says what else to do if the database is not a target. */
function withWayOut(error: unknown, side: DatabaseSide): unknown {
  if (!(error instanceof OneRoofError) || error.code !== 'OBSERVER_CAN_WRITE') return error;
  const [first, ...rest] = error.problems;
  const why = {
    code: error.code,
    ...stated`${{ side: printable(side.name) }} is a target of oneroof.yaml: targets are read with a role that cannot write, and this role can`,
    fix: 'use a role from `oneroof grants`; or, for a clone or a development database, put its address into an environment variable and write env:NAME',
  };
  return OneRoofError.of([first, ...rest, why]);
}

/** Gives what a server refuses a code and the name of the database. */
async function told<T>(side: DatabaseSide, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const refused = error instanceof Error && !(error instanceof OneRoofError) && 'severity' in error;
    if (!refused) throw error;
    const { code, problem } = problemOf(error, { sql: '', place: { file: side.name } });
    throw new OneRoofError(code, {
      ...stated`${{ side: printable(side.name) }} (${{ connection: describe(side.connection) }}): ${{ why: problem }}`,
      fix: 'run it again when the database is less busy, or with a role that may read it',
      cause: error,
    });
  }
}

function isAddress(word: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(word);
}

/** A process list shows every word of a command line to everyone on the machine, and a shell keeps it in its history. */
function refuseSecret(word: string): void {
  const holds = isAddress(word)
    ? holdsPassword(word)
    : /\bpassword\s*=/i.test(word) || /:\/\/[^/\s]*:[^/\s]*@/.test(word);
  if (!holds) return;
  throw new OneRoofError('SECRET_ON_COMMAND_LINE', {
    ...stated`the command line contains an address with a password, and every user of this machine can read it`,
    fix: 'change that password, put the address into an environment variable such as COPY_URL, and write env:COPY_URL',
  });
}

function holdsPassword(url: string): boolean {
  try {
    return parseAddress(url)['password'] !== undefined;
  } catch {
    // an unreadable address is not repeated: the text before an @ may be a password
    return url.includes('@') && url.includes(':', 'postgres://'.length);
  }
}
