import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { elapsed, formatDuration, now, onAbort, OneRoofError, stated } from '../../core/index.ts';
import { type Binaries, describe, libpqEnvironment, openSession, type Session } from '../../database/index.ts';
import { readActors } from '../actors.io.ts';
import { explainActors } from '../actors.ts';
import { readCollations } from '../collation.io.ts';
import { type Golden, type GoldenOptions, type GoldenOrigin } from '../clone.ts';
import { goldenName } from '../mark.ts';
import { giveToServer, stopWhereAsked } from '../providers/copy.io.ts';
import { startCopyFirst } from '../providers/first-start.io.ts';
import { type GenerationRecord, giveConfiguration, writeRecord } from '../providers/generation.io.ts';
import { neutralConfiguration } from '../providers/neutral.ts';
import { type BackupSource, type BasebackupSetup, readBackupSource, requireBackup } from './backup-source.io.ts';
import { findBackupPrograms } from './client-program.io.ts';
import { type BackupTools, copyFiles } from './copy-files.io.ts';
import { compareFiles, readUnlogged } from './equal-files.io.ts';
import { holdWal } from './hold-wal.io.ts';
import { type Pinned, pinSnapshot } from './pin-snapshot.io.ts';
import { followWal } from './wal-files.io.ts';

interface BasebackupPlan {
  readonly setup: BasebackupSetup;
  readonly binaries: Binaries;
  readonly generation: number;
}

/**
 * Takes one golden generation over the replication protocol, from a production on any host: its files by pg_basebackup, and WAL up to a snapshot that the
 * copy is compared with. It is made as a draft and renamed at the end.
 *
 * Errors  CLONE_NO_BASEBACKUP, CLONE_BACKUP_DENIED, CLONE_DUMP_RIGHTS, CLONE_TABLESPACES, CLONE_NO_SPACE before anything is copied;
 *         CLONE_BASEBACKUP_FAILED, CLONE_BUDGET, CLONE_NOT_EQUAL, CLONE_WAL_GONE, CONNECTION_LOST, INTERRUPTED, SERVER_START.
 */
export async function takeBasebackup(plan: BasebackupPlan, options: GoldenOptions): Promise<GenerationRecord> {
  const { setup } = plan;
  const ending = new AbortController();
  const abort = (): void => ending.abort();
  const stopListening = onAbort(options.signal, abort);
  let isOver = false;
  const deadline = setTimeout(
    () => {
      isOver = true;
      abort();
    },
    Math.min(setup.maxDuration, 2 ** 31 - 1),
  );
  const from = await openSession(setup.backup, { applicationName: 'oneroof golden' });
  try {
    return await takeFrom(from, { ...plan, signal: ending.signal }, options);
  } catch (error) {
    stopWhereAsked(options.signal);
    if (isOver)
      throw new OneRoofError('CLONE_BUDGET', {
        ...stated`the golden copy was not complete after ${{ maxDuration: formatDuration(setup.maxDuration) }}, so it was given up and removed`,
        fix: 'set maxDuration of the clone provider in oneroof.yaml to more, or maxRate to more',
        cause: error,
      });
    throw error;
  } finally {
    clearTimeout(deadline);
    stopListening();
    await from.close();
  }
}

async function takeFrom(
  from: Session,
  plan: BasebackupPlan & { readonly signal: AbortSignal },
  options: GoldenOptions,
): Promise<GenerationRecord> {
  const { setup, binaries, generation, signal } = plan;
  const takenAt = now();
  const programs = findBackupPrograms({ bin: setup.bin, major: binaries.major });
  const source = await readBackupSource(from);
  await requireBackup(from, { setup, source, folder: setup.folder });
  const neutral = explainActors(await readActors(from), 'basebackup');
  const collations = await readCollations(from);
  const { runAs } = binaries;
  const draft = join(setup.folder, `draft-${process.pid}-${generation}`);
  const data = join(draft, 'data');
  try {
    await mkdir(draft, { mode: 0o700 });
    await giveToServer(draft, runAs);
    const applicationName = 'oneroof golden';
    const tag = `${applicationName} ${randomBytes(6).toString('hex')}`;
    const env = await libpqEnvironment(setup.backup, { folder: draft, runAs, applicationName: tag });
    const secrets = setup.backup.password === undefined ? [] : [setup.backup.password.reveal()];
    const pinned = await copyAndPin(
      { ...plan, source, draft, data, tag, tools: { programs, env, runAs, signal, secrets } },
      options,
    );
    await rm(join(draft, 'root.crt'), { force: true });
    const configuration = neutralConfiguration({ settings: source.settings, major: binaries.major, reflink: false });
    await giveConfiguration(data, { configuration, runAs });
    const database = goldenName(source.identity.database, generation);
    const { superuser, identity } = source;
    let origin: Compared = { origin: withoutComparison(setup, source, ''), proofLevel: 'lineage' };
    const first = {
      data,
      binaries,
      superuser,
      from: identity.database,
      database,
      mask: setup.mask,
      signal,
      collations,
    };
    const masked = await startCopyFirst(first, async (server) => {
      const copy = server.connection(identity.database);
      origin = await compared({ setup, source, pinned, unlogged: await readUnlogged(copy), copy, signal });
    });
    const golden: Golden = {
      provider: 'basebackup',
      generation,
      source: identity,
      takenAt,
      proofLevel: origin.proofLevel,
      method: 'copy',
      bytes: source.bytes,
      durationMs: elapsed({ from: takenAt, to: now() }),
      database,
      from: { ...origin.origin, neutral: [...neutral] },
      ...masked,
    };
    const record = { golden, superuser };
    await writeRecord(draft, record);
    if (signal.aborted)
      throw new OneRoofError('INTERRUPTED', {
        ...stated`the golden copy was interrupted`,
        fix: 'run the same command again',
      });
    await rename(draft, join(setup.folder, `generation-${generation}`));
    return record;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** All that reads production happens here; afterwards nothing of ours is left there. Answers with a snapshot, or with why there is none. */
async function copyAndPin(
  plan: BasebackupPlan & {
    readonly source: BackupSource;
    readonly draft: string;
    readonly data: string;
    readonly tag: string;
    readonly tools: BackupTools;
  },
  options: GoldenOptions,
): Promise<Pinned | string> {
  const { setup, source, tools, data } = plan;
  const held = await holdWal(setup.backup, {
    tag: plan.tag,
    isStandby: source.isStandby,
    onProgress: options.onProgress,
  });
  try {
    await copyFiles(tools, { setup, data });
    if (setup.proof === 'lineage') return 'oneroof.yaml says proof: lineage';
    const wal = await followWal(tools, { source, data, folder: join(plan.draft, 'wal') });
    const pinned = await pinSnapshot(
      { connection: setup.backup, isStandby: source.isStandby, wal, workers: workers(), signal: tools.signal },
      options.onNotice ?? (() => undefined),
    );
    if (typeof pinned === 'string') return pinned;
    await wal.endAt(pinned.end);
    return pinned;
  } finally {
    await held.close();
  }
}

const workers = (): number => Math.min(4, Math.max(2, availableParallelism()));

interface Compared {
  readonly origin: GoldenOrigin;
  readonly proofLevel: Golden['proofLevel'];
}

async function compared(of: {
  readonly setup: BasebackupSetup;
  readonly source: BackupSource;
  readonly pinned: Pinned | string;
  readonly unlogged: readonly string[];
  readonly copy: BasebackupSetup['backup'];
  readonly signal: AbortSignal;
}): Promise<Compared> {
  const { setup, source, pinned, unlogged } = of;
  const leftOut = [
    ...unlogged.map((name) => `rows of ${name}, which is unlogged`),
    'all other databases of the server',
  ];
  if (typeof pinned === 'string') {
    const origin = withoutComparison(setup, source, pinned);
    return { origin: { ...origin, leftOut }, proofLevel: 'lineage' };
  }
  const { differs, ...proven } = await compareFiles(of.copy, {
    pinned,
    unlogged,
    workers: workers(),
    signal: of.signal,
  });
  const origin = {
    server: describe(setup.backup),
    standby: source.isStandby,
    ...proven,
    leftOut: [...differs, ...leftOut],
  };
  return { origin, proofLevel: differs.length === 0 ? 'exact' : 'lineage' };
}

function withoutComparison(setup: BasebackupSetup, source: BackupSource, reason: string): GoldenOrigin {
  return {
    server: describe(setup.backup),
    standby: source.isStandby,
    compared: 0,
    notCompared: [{ relation: 'any relation', reason }],
    leftOut: [],
  };
}
