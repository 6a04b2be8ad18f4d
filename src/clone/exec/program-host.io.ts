import { randomBytes } from 'node:crypto';
import { type Instant, now, OneRoofError, stated } from '../../core/index.ts';
import { type Target } from '../../setup/index.ts';
import { type HeldClone, refuseBeyond } from '../cap.ts';
import { type CloneHost, type DatabaseName, keptUnder, keptWith } from '../clone.ts';
import { holdLeases } from '../holding.io.ts';
import { cloneGone, isLeftOver, later } from '../lease.io.ts';
import { whileTaking } from '../taking.io.ts';
import { openJournal } from './journal.io.ts';
import { programVersion } from './program-form.ts';
import {
  dropProgramGolden,
  isUnanswered,
  isResumable,
  newestGolden,
  goldenReader,
  takenGolden,
  takeProgramGolden,
  type TakenGolden,
} from './program-golden.io.ts';
import {
  type AskedGolden,
  dropProgramClone,
  makeProgramClone,
  type ProgramClone,
  type ProgramGround,
  recordOf,
  resetProgramClone,
  tellExpiry,
} from './program-lease.io.ts';
import { callProgram, type ProgramSetup } from './call-program.io.ts';

/**
 * The clone server of the provider "exec": a service, which a program asks. What a program answers is never taken for more than what was
 * measured on the database that it answered with.
 *
 * Source  docs/CLONES.md.
 */
export function openProgramHost(setup: ProgramSetup, targets: readonly Target[]): CloneHost {
  const ground: ProgramGround = { setup, targets, journal: openJournal(setup.folder), clones: new Map() };
  const { journal } = ground;
  let reader: { readonly of: DatabaseName; readonly clone: ProgramClone } | null = null;
  // what a command has begun on one generation it ends on the same, whatever others take meanwhile
  let used: DatabaseName | null = null;
  const needed = (): TakenGolden => {
    const golden = takenGolden(ground, used) ?? newestGolden(ground);
    used = golden?.name ?? null;
    if (golden !== null) return golden;
    throw new OneRoofError('CLONE_NO_GOLDEN', {
      ...stated`there is no golden copy in ${{ folder: setup.folder }}`,
      fix: 'oneroof clone golden',
    });
  };
  const dropReader = async (): Promise<void> => {
    const old = reader;
    reader = null;
    if (old === null) return;
    await holding.release(old.clone.record.lease.database);
    // gc finds one that could not be dropped
    await dropProgramClone(ground, old.clone.record).catch((cause: unknown) => cause);
  };
  const holding = holdLeases(async (database, hours) => {
    const record = recordOf(ground, database);
    return async () => {
      if (record.lease.kept) return;
      const renewed = { ...record, lease: { ...record.lease, expires: later(now(), hours) } };
      journal.writeLease(renewed);
      // not at each renewal: services count what they are asked
      if (record.told < later(now(), hours / 2))
        await tellExpiry(ground, renewed, goldenOf(ground, record.lease.golden));
    };
  });
  return {
    makeGolden: (options) =>
      whileTaking(setup.folder, async () => {
        await dropReader();
        await refuseClones(ground);
        const { golden, reader: clone } = await takeProgramGolden(ground, options);
        reader = { of: golden.database, clone };
        holding.hold(clone.record.lease.database, 4);
        used = golden.database;
        await dropUnused(ground, golden.database);
        return golden;
      }),
    golden: async () => (newestGolden(ground) === null ? null : needed().taken.golden),
    makeClone: async (request) => {
      const { name, taken } = needed();
      await refuseClones(ground);
      const { record, connection, durationMs } = await makeProgramClone(ground, {
        golden: { name, id: taken.id },
        request,
      });
      holding.hold(record.lease.database, request.hours);
      return { lease: record.lease, connection, durationMs, method: 'service', server: 'shared', network: 'host' };
    },
    readGolden: async (use) => {
      const { name, taken } = needed();
      if (reader?.of !== name) {
        await dropReader();
        reader = { of: name, clone: await goldenReader(ground, { name, id: taken.id }) };
        holding.hold(reader.clone.record.lease.database, 4);
      }
      return use(reader.clone.connection);
    },
    once: async (name, read) => {
      const kept = keptUnder(needed().taken.once, name);
      if (kept !== null) return kept;
      const value = await read();
      const record = needed();
      const once = [...keptWith(record.taken.once, { name, value })];
      journal.writeGolden({ ...record, taken: { ...record.taken, once } });
      return value;
    },
    keep: async (database, hours) => {
      await holding.release(database);
      const record = recordOf(ground, database);
      const kept = { ...record, lease: { ...record.lease, kept: true, expires: later(now(), hours) } };
      journal.writeLease(kept);
      if (record.told < later(now(), hours * 0.9))
        await tellExpiry(ground, kept, goldenOf(ground, record.lease.golden));
      return kept.lease;
    },
    reset: async (database) => {
      const record = recordOf(ground, database);
      const golden = goldenOf(ground, record.lease.golden);
      if (golden === null) throw cloneGone(record.lease.golden);
      return resetProgramClone(ground, { record, golden });
    },
    drop: async (database) => {
      await holding.release(database);
      await dropProgramClone(ground, recordOf(ground, database));
    },
    list: async () => {
      const there = await namesThere(ground);
      return journal
        .leases()
        .filter(({ made, lease }) => made === null || there.has(lease.database))
        .map(({ lease }) => lease);
    },
    collectGarbage: (at) => collectProgramClones(ground, at),
    howToConnect: (database) => {
      const { made } = recordOf(ground, database);
      if (made === null) throw cloneGone(database);
      return made.command;
    },
    close: async () => {
      await holding.close();
      await dropReader();
    },
  };
}

/**
 * Refuses one more clone than oneroof.yaml allows: the clones that a golden copy is read on count, too.
 *
 * Errors  CLONE_CAP.
 */
async function refuseClones({ setup, journal }: ProgramGround): Promise<void> {
  if (setup.cap === undefined) return;
  const at = now();
  const clones: HeldClone[] = [];
  for (const record of journal.leases()) {
    const isOver = record.givenUp || (await isLeftOver(record, at));
    clones.push({ database: record.lease.database, bytes: 0, expires: record.lease.expires, isOver });
  }
  refuseBeyond(setup.cap, { bytes: 0, goldenBytes: 0, unusedBytes: 0, clones }, { what: 'clone', bytes: 0 });
}

/** A golden copy by its name, null where it was dropped. */
function goldenOf({ journal }: ProgramGround, name: DatabaseName): AskedGolden | null {
  const found = journal.goldens().find((record) => record.name === name);
  return found?.taken ? { name, id: found.taken.id } : null;
}

/** Drops golden copies that no clone uses; what cannot be dropped now is dropped by `gc`. */
async function dropUnused(ground: ProgramGround, newest: DatabaseName): Promise<readonly DatabaseName[]> {
  const { journal } = ground;
  const used = new Set(journal.leases().map(({ lease }) => lease.golden));
  const dropped: DatabaseName[] = [];
  for (const record of journal.goldens()) {
    if (record.taken === null || record.name === newest || used.has(record.name)) continue;
    const isDropped = await dropProgramGolden(ground, record).then(
      () => true,
      () => false,
    );
    if (isDropped) dropped.push(record.name);
  }
  return dropped;
}

/** What the service has from this place, by name. What does not carry its mark is none of ours, whatever the program says. */
async function namesThere({ setup, journal }: ProgramGround): Promise<ReadonlyMap<DatabaseName, 'golden' | 'clone'>> {
  const { place } = journal;
  const request = randomBytes(6).toString('hex');
  const { objects } = await callProgram(setup, { version: programVersion, verb: 'list', request, place });
  const own = objects.filter(({ name }) => name.startsWith(`${place}-`));
  return new Map(own.map(({ name, kind }) => [name as DatabaseName, kind]));
}

/** Makes journal and service agree: leases that are over, requests without an answer, and what is there without a record. */
async function collectProgramClones(ground: ProgramGround, at: Instant): Promise<readonly DatabaseName[]> {
  const { setup, journal } = ground;
  const dropped: DatabaseName[] = [];
  for (const record of journal.leases()) {
    if (!record.givenUp && !(await isLeftOver(record, at))) continue;
    await dropProgramClone(ground, record);
    dropped.push(record.lease.database);
  }
  for (const record of journal.goldens()) {
    if (isResumable(record) || !(await isUnanswered(record))) continue;
    await dropProgramGolden(ground, record);
    dropped.push(record.name);
  }
  const newest = newestGolden(ground);
  if (newest !== null) dropped.push(...(await dropUnused(ground, newest.name)));
  const before = journal.leases();
  const there = await namesThere(ground);
  // the service has dropped it by itself
  for (const record of before) if (record.made !== null && !there.has(record.lease.database)) journal.forget(record);
  // read again: a record is written before its clone is made
  const known = new Set([
    ...journal.leases().map(({ lease }) => lease.database),
    ...journal.goldens().map(({ name }) => name),
  ]);
  for (const [name, kind] of there) {
    if (known.has(name)) continue;
    const request = name.split('-').at(-1) ?? name;
    await callProgram(setup, { version: programVersion, verb: 'drop', request, place: journal.place, name, kind });
    dropped.push(name);
  }
  return dropped;
}
