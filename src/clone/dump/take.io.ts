import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { elapsed, now, OneRoofError } from '../../core/index.ts';
import { type Binaries, createCluster, openSession, sqlStateOf, startServer } from '../../database/index.ts';
import { type Golden, type GoldenOptions } from '../clone.ts';
import { goldenName } from '../mark.ts';
import { maskingSettings } from '../mask/old-values.io.ts';
import { giveToServer, noSpace, stopWhereAsked } from '../providers/copy.io.ts';
import {
  type GenerationRecord,
  giveConfiguration,
  readCopiedSettings,
  writeRecord,
} from '../providers/generation.io.ts';
import { neutralConfiguration, type SourceSettings } from '../providers/neutral.ts';
import { type DumpSetup, fillCopy, type Filled } from './fill.io.ts';
import { readDumpSource, requireDumpRights } from './source.io.ts';

interface DumpPlan {
  readonly setup: DumpSetup;
  readonly binaries: Binaries;
  readonly generation: number;
}

/** How often a copy begins again because sessions of production waited for it, and how long it leaves them alone before. */
const attempts = 3;
const pause = 5000;

/**
 * Takes one golden generation by SQL, from a production on any host: schema by pg_dump, rows by COPY, both under one snapshot, and compares the
 * copy with that snapshot. It is made as a draft and renamed at the end.
 *
 * Errors  CLONE_DUMP_RIGHTS, CLONE_EXTENSION, CLONE_LOCALE before anything is copied; CLONE_BLOCKED, CLONE_BUDGET, CLONE_DUMP_FAILED, CLONE_NOT_EQUAL, CLONE_NO_SPACE,
 *         CONNECTION_LOST, INTERRUPTED, SERVER_START.
 */
export async function takeDump(plan: DumpPlan, options: GoldenOptions): Promise<GenerationRecord> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await takeOnce(plan, options);
    } catch (error) {
      if (attempt === attempts || !(error instanceof OneRoofError) || error.code !== 'CLONE_BLOCKED') throw error;
      options.onNotice?.(`${error.problems[0].problem}; trying again in ${pause / 1000} s`);
      await sleep(pause, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
        () => undefined,
      );
      stopWhereAsked(options.signal);
    }
  }
}

async function takeOnce(plan: DumpPlan, options: GoldenOptions): Promise<GenerationRecord> {
  const { setup, binaries, generation } = plan;
  const takenAt = now();
  const draft = join(setup.folder, `draft-${process.pid}-${generation}`);
  const data = join(draft, 'data');
  const from = await openSession(setup.dump, { applicationName: 'oneroof golden' });
  try {
    await requireDumpRights(from);
    const source = await readDumpSource(from);
    const settings = await readCopiedSettings(from);
    const database = goldenName(source.identity.database, generation);
    await mkdir(draft, { mode: 0o700 });
    await giveToServer(draft, binaries.runAs);
    await mkdir(data, { mode: 0o700 });
    await createCluster({ binaries, data, superuser: source.superuser });
    const server = await startServer({
      binaries,
      data,
      superuser: source.superuser,
      settings: { ...loading(settings), ...(setup.mask === undefined ? {} : maskingSettings(binaries.major)) },
      network: 'none',
    });
    let filled: Filled;
    try {
      filled = await fillCopy({ ...plan, from, server, source, database }, options);
    } catch (error) {
      const isFull = sqlStateOf(error) === '53100' || /No space left on device/.test(server.log());
      await server.abandon();
      throw isFull ? noSpace(setup.folder, 'the disk was full before the copy was complete') : error;
    }
    await server.stop();
    const configuration = neutralConfiguration({ settings, major: binaries.major, reflink: false });
    await giveConfiguration(data, { configuration, runAs: binaries.runAs });
    const golden: Golden = {
      provider: 'dump',
      generation,
      source: source.identity,
      takenAt,
      proofLevel: filled.proofLevel,
      method: 'copy',
      bytes: filled.bytes,
      durationMs: elapsed({ from: takenAt, to: now() }),
      database,
      from: filled.origin,
      ...filled.changed,
    };
    const record = { golden, superuser: source.superuser };
    await writeRecord(draft, record);
    stopWhereAsked(options.signal);
    await rename(draft, join(setup.folder, `generation-${generation}`));
    return record;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    stopWhereAsked(options.signal);
    throw error;
  } finally {
    await from.close();
  }
}

/** The server while it is filled: what is lost in a crash is made again. */
function loading({ maxLocksPerTransaction }: SourceSettings): Readonly<Record<string, string>> {
  return {
    wal_level: 'minimal',
    max_wal_senders: '0',
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    autovacuum: 'off',
    max_wal_size: '16GB',
    checkpoint_timeout: '1d',
    max_locks_per_transaction: String(Math.max(1024, Number(maxLocksPerTransaction))),
    shared_preload_libraries: '',
  };
}
