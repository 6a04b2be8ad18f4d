import { randomBytes } from 'node:crypto';
import { elapsed, now, OneRoofError, printable, stated, thisProcess } from '../../core/index.ts';
import { type Connection } from '../../database/index.ts';
import { type Target } from '../../setup/index.ts';
import { type Actors } from '../actors.ts';
import { type DatabaseName, type Lease } from '../clone.ts';
import { cloneGone, later, type LeaseRequest } from '../lease.io.ts';
import { type GoldenRecord, type Journal, type LeaseRecord } from './journal.io.ts';
import { neutralise } from './neutral-clone.io.ts';
import { type Checked, checkCandidate } from './production-guard.io.ts';
import { connectionOf, psqlCommand } from './program-clone.ts';
import { type ProgramAnswer, programVersion } from './program-form.ts';
import { callProgram, type ProgramSetup } from './call-program.io.ts';

/** What the clones of one command have in common. */
export interface ProgramGround {
  readonly setup: ProgramSetup;
  readonly targets: readonly Target[];
  readonly journal: Journal;
  /** The clones that this command has made, and how to connect: passwords are nowhere else. */
  readonly clones: Map<DatabaseName, Connection>;
}

/** The golden copy that clones are made of, as the service knows it. */
export type AskedGolden = Pick<GoldenRecord, 'name'> & { readonly id: string };

/** A clone that was checked and can be worked on. */
export interface ProgramClone {
  readonly record: LeaseRecord;
  readonly connection: Connection;
  readonly checked: Checked;
  /** What could act by itself before it was made neutral. */
  readonly actors: Actors;
  readonly durationMs: number;
}

/**
 * Asks the program for a clone. It is written down first, so that it is found whatever happens; what the program answers with is checked before
 * anything is written there.
 *
 * Errors  those of callProgram, checkCandidate and neutralise.
 */
export async function makeProgramClone(
  ground: ProgramGround,
  of: { readonly golden: AskedGolden; readonly request: LeaseRequest },
): Promise<ProgramClone> {
  const { journal } = ground;
  const { golden, request } = of;
  const from = now();
  const drawn = randomBytes(6).toString('hex');
  const expires = later(from, request.hours);
  const lease: Lease = {
    database: `${journal.place}-c-${drawn}` as DatabaseName,
    owner: request.owner,
    createdAt: from,
    expires,
    purpose: request.purpose,
    golden: golden.name,
    kept: false,
  };
  const asked: LeaseRecord = {
    version: 1,
    request: drawn,
    lease,
    maker: await thisProcess(),
    told: expires,
    made: null,
    givenUp: false,
  };
  journal.writeLease(asked);
  try {
    const answer = await askForClone(ground, { record: asked, golden, verb: 'clone' });
    const made = await takeAnswer(ground, asked, answer);
    return { ...made, durationMs: elapsed({ from, to: now() }) };
  } catch (error) {
    await discard(ground, asked, error);
    throw error;
  }
}

/** Asks again for a clone as its golden copy is. */
export async function resetProgramClone(
  ground: ProgramGround,
  of: { readonly record: LeaseRecord; readonly golden: AskedGolden },
): Promise<Lease> {
  const answer = await askForClone(ground, { ...of, verb: 'reset' });
  return (await takeAnswer(ground, of.record, answer)).record.lease;
}

/** Drops what was made for a record, by its name, and forgets it. */
export async function dropProgramClone({ setup, journal, clones }: ProgramGround, record: LeaseRecord): Promise<void> {
  const { request, lease } = record;
  clones.delete(lease.database);
  await callProgram(setup, {
    version: programVersion,
    verb: 'drop',
    request,
    place: journal.place,
    name: lease.database,
    kind: 'clone',
  });
  journal.forget(record);
}

/** Tells the program that a clone is wanted longer. A service without time limits ignores that; where it fails, our lease counts. */
export async function tellExpiry(
  ground: ProgramGround,
  record: LeaseRecord,
  golden: AskedGolden | null,
): Promise<void> {
  if (golden === null || record.made === null) return;
  try {
    const answer = await askForClone(ground, { record, golden, verb: 'clone' });
    if (answer.id === record.made.id) ground.journal.writeLease({ ...record, told: record.lease.expires });
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
  }
}

/**
 * The record of a clone.
 *
 * Errors  CLONE_NOT_OURS for a name without the mark of this place, CLONE_GONE.
 */
export function recordOf({ journal }: ProgramGround, database: DatabaseName): LeaseRecord {
  if (!database.startsWith(`${journal.place}-c-`))
    throw new OneRoofError('CLONE_NOT_OURS', {
      ...stated`${{ database: printable(database) }} does not have the mark of this place, ${{ place: journal.place }}`,
      fix: 'check the name with `oneroof clone list`; One Roof never changes a database that it did not make',
    });
  const record = journal.leases().find(({ lease }) => lease.database === database);
  if (record === undefined) throw cloneGone(database);
  return record;
}

function askForClone(
  { setup, journal }: ProgramGround,
  of: { readonly record: LeaseRecord; readonly golden: AskedGolden; readonly verb: 'clone' | 'reset' },
): Promise<ProgramAnswer<'clone'>> {
  const { request, lease } = of.record;
  return callProgram(setup, {
    version: programVersion,
    verb: of.verb,
    request,
    place: journal.place,
    name: lease.database,
    golden: { name: of.golden.name, id: of.golden.id },
    expires: lease.expires,
    purpose: printable(lease.purpose),
  });
}

async function takeAnswer(
  ground: ProgramGround,
  asked: LeaseRecord,
  answer: ProgramAnswer<'clone'>,
): Promise<Omit<ProgramClone, 'durationMs'>> {
  const { setup, journal, clones, targets } = ground;
  const { database } = asked.lease;
  const others = journal.leases().filter(({ request }) => request !== asked.request);
  const isOthers = others.some(({ made }) => made?.id === answer.id);
  if (isOthers || (asked.made !== null && asked.made.id !== answer.id))
    throw new OneRoofError('CLONE_PROGRAM_ANSWER', {
      ...stated`the program answered with the clone ${{ clone: printable(answer.id) }}, which was made for another request`,
      fix: 'correct the program: another "request" asks for another clone, and the same one for the same',
    });
  const connection = connectionOf(answer.connection, setup.variables);
  const beside = [...clones].flatMap(([name, one]) => (name === database ? [] : [one]));
  const checked = await checkCandidate(connection, { targets, clones: beside });
  const actors = await neutralise(connection);
  const record = { ...asked, made: { id: answer.id, command: psqlCommand(answer.connection) } };
  journal.writeLease(record);
  clones.set(database, connection);
  return { record, connection, checked, actors };
}

function isDropped(ground: ProgramGround, record: LeaseRecord): Promise<boolean> {
  return dropProgramClone(ground, record).then(
    () => true,
    () => false,
  );
}

/** What failed half way is dropped at once where that is possible; else `gc` finds it. */
async function discard(ground: ProgramGround, record: LeaseRecord, error: unknown): Promise<void> {
  const code = error instanceof OneRoofError ? error.code : null;
  if (code === 'CLONE_PROGRAM_START' || code === 'CONFIG_INVALID') return ground.journal.forget(record);
  // a program that takes production for a clone is not asked to drop anything until a person has read about it
  if (code !== 'CLONE_IS_PRODUCTION' && (await isDropped(ground, record))) return;
  ground.journal.writeLease({ ...record, givenUp: true });
}
