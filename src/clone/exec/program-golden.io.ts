import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { elapsed, now, processState, thisProcess } from '../../core/index.ts';
import { explainActors } from '../actors.ts';
import { type DatabaseName, type Golden, type GoldenOptions } from '../clone.ts';
import { later } from '../lease.io.ts';
import { type GoldenRecord } from './journal.io.ts';
import { levelOf, unlikeTargets } from '../level.ts';
import { programVersion } from './program-form.ts';
import { makeProgramClone, type ProgramClone, type ProgramGround } from './program-lease.io.ts';
import { callProgram, programName } from './call-program.io.ts';

/** A golden copy that was asked for before a crash is asked for again for so long; later a new one is wanted. Hours. */
const resumable = 1;

/** A golden copy of which the program has said that it is there, and which was read. */
export type TakenGolden = GoldenRecord & { readonly taken: NonNullable<GoldenRecord['taken']> };

/** The newest golden copy, null where there is none. */
export function newestGolden({ journal }: ProgramGround): TakenGolden | null {
  return journal.goldens().find((record): record is TakenGolden => record.taken !== null) ?? null;
}

/** The golden copy of this name, null where there is none or it was not taken. */
export function takenGolden({ journal }: ProgramGround, name: DatabaseName | null): TakenGolden | null {
  const found = journal
    .goldens()
    .find((record): record is TakenGolden => record.taken !== null && record.name === name);
  return found ?? null;
}

/**
 * Asks the program for a golden copy, and reads who it is on a clone of it. After a crash the same request is made again.
 *
 * Errors  those of callProgram and makeProgramClone.
 */
export async function takeProgramGolden(
  ground: ProgramGround,
  options: GoldenOptions,
): Promise<{ readonly golden: Golden; readonly reader: ProgramClone }> {
  const { setup, journal } = ground;
  const from = now();
  const record = (await leftGolden(ground)) ?? (await newGolden(ground));
  const answer = await callProgram(
    setup,
    { version: programVersion, verb: 'golden', request: record.request, place: journal.place, name: record.name },
    options.signal,
  );
  const reader = await goldenReader(ground, { name: record.name, id: answer.id });
  const { identity, bytes, targets } = reader.checked;
  const identities = targets.map((one) => one.identity);
  const golden: Golden = {
    provider: 'exec',
    generation: record.generation,
    source: identity,
    // a copy is not newer than its request
    takenAt: answer.takenAt < now() ? answer.takenAt : now(),
    proofLevel: levelOf(identity, identities),
    method: 'service',
    bytes,
    durationMs: elapsed({ from, to: now() }),
    database: record.name,
    from: {
      server: `${programName(setup)}, ${answer.id}`,
      standby: false,
      compared: 0,
      notCompared: [{ relation: 'all', reason: 'no snapshot of production was shared with the copy' }],
      leftOut: [...unlikeTargets(identity, identities)],
      neutral: [...explainActors(reader.actors, 'exec')],
      said: [...(answer.said ?? [])],
    },
  };
  journal.writeGolden({ ...record, taken: { id: answer.id, golden, once: [] } });
  return { golden, reader };
}

/** A clone that nobody writes to: the golden copy is read there. */
export function goldenReader(
  ground: ProgramGround,
  golden: { readonly name: DatabaseName; readonly id: string },
): Promise<ProgramClone> {
  const request = { purpose: `reading ${golden.name}`, owner: userInfo().username, hours: 4 };
  return makeProgramClone(ground, { golden, request });
}

/** Drops a golden copy at the service and forgets it. */
export async function dropProgramGolden({ setup, journal }: ProgramGround, record: GoldenRecord): Promise<void> {
  const { request, name } = record;
  await callProgram(setup, {
    version: programVersion,
    verb: 'drop',
    request,
    place: journal.place,
    name,
    kind: 'golden',
  });
  journal.forget(record);
}

/** Whether a golden copy was asked for by a command that ended before the answer. */
export async function isUnanswered({ taken, maker }: GoldenRecord): Promise<boolean> {
  return taken === null && (await processState({ pid: maker.pid, begin: maker.begin ?? '' })) === 'gone';
}

/** Whether it can still be asked for again. */
export function isResumable({ askedAt }: GoldenRecord): boolean {
  return later(askedAt, resumable) > now();
}

async function leftGolden({ journal }: ProgramGround): Promise<GoldenRecord | null> {
  for (const record of journal.goldens())
    if (isResumable(record) && (await isUnanswered(record))) {
      const resumed = { ...record, maker: await thisProcess() };
      journal.writeGolden(resumed);
      return resumed;
    }
  return null;
}

async function newGolden({ journal }: ProgramGround): Promise<GoldenRecord> {
  const request = randomBytes(6).toString('hex');
  const base = {
    version: 1,
    request,
    name: `${journal.place}-g-${request}` as DatabaseName,
    maker: await thisProcess(),
    askedAt: now(),
    taken: null,
  } as const;
  for (let generation = 1 + Math.max(0, ...journal.goldens().map((one) => one.generation)); ; generation += 1)
    if (journal.beginGolden({ ...base, generation })) return { ...base, generation };
}
