import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { ofKind, type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { transactionsOf } from '../../src/rollout/index.ts';
import { type Command, forget, told } from './command.io.ts';
import { type Moment, moments, type Word } from './wire.io.ts';

export const directions = ['up', 'down'] as const;
export const verbOf = { up: 'rollout', down: 'rollback' } as const;

/** How undisturbed commands go. */
export interface Calm {
  /** The words of each transaction. */
  readonly words: Readonly<Record<Direction, readonly (readonly Word[])[]>>;
  /** What the tiers have told after so many transactions. */
  readonly told: Readonly<Record<Direction, readonly string[]>>;
}

/** What the tiers of `threeTiers` tell with each transaction: the second tier with its last step. */
const tells = { up: ['1 up', '', '2 up', '3 up'], down: ['3 down', '', '2 down', '1 down'] } as const;

/** Runs a cycle that nothing disturbs. */
export async function calmly(command: Command): Promise<Calm> {
  await command.ratify();
  const words = { up: [] as Word[][], down: [] as Word[][] };
  for (const direction of directions) {
    expect((await command.run([verbOf[direction], 'release'])).status).toBe(0);
    for (const word of command.wire.said.slice(1)) {
      if (word === 'begin') words[direction].push([]);
      words[direction].at(-1)?.push(word);
    }
  }
  await forget(command);
  const after = (before: readonly string[], all: readonly string[]): readonly string[] =>
    [0, ...all.map((_, at) => at + 1)].map((n) => joined([...before, ...all.slice(0, n)]));
  return { words, told: { up: after([], tells.up), down: after(tells.up, tells.down) } };
}

/** As `told` answers: sorted, so that what a tier told twice stands there twice. */
const joined = (all: readonly string[]): string =>
  all
    .filter((one) => one !== '')
    .toSorted()
    .join(' ');

/** A boundary of a cycle: before each word of an attempt, when the server has it, and when it has answered. */
export interface Place {
  readonly direction: Direction;
  readonly transaction: number;
  readonly word: number;
  readonly moment: Moment;
  readonly name: string;
}

/** Every boundary of a cycle. */
export function placesOf({ words }: Calm): readonly Place[] {
  return directions.flatMap((direction) =>
    words[direction].flatMap((own, transaction) =>
      ['begin_attempt' as const, ...own].flatMap((said, word) =>
        moments.map((moment) => ({
          direction,
          transaction,
          word,
          moment,
          name: `${direction}, transaction ${transaction + 1}, ${said} ${moment}`,
        })),
      ),
    ),
  );
}

/**
 * Disturbs the commands of one cycle at each of some places, ends each direction by the same command, and compares: after each what the tiers
 * have told, at the end the whole record. Answers how often it disturbed.
 */
export async function disturbed(
  command: Command,
  calm: Calm,
  plan: { readonly places: readonly Place[]; readonly by: 'kill' | 'cut' },
): Promise<number> {
  const statement = await command.ratify();
  await forget(command);
  let times = 0;
  for (const direction of directions) {
    for (const { transaction, word, moment, name } of plan.places.filter((one) => one.direction === direction)) {
      await reach(command, calm, { statement, direction, transaction });
      const before = await doneIn(command, statement, direction);
      // COMMIT that was sent may have been done, and so the place is over
      if (transaction < before) continue;
      const verb = [verbOf[direction], 'release'];
      const { signal, stderr, status } = await command.run(verb, { word, moment, by: plan.by });
      if (plan.by === 'kill') expect(signal, `${name}: ${stderr}`).toBe('SIGKILL');
      else expect([0, 4], `${name}: ${stderr}`).toContain(status);
      times += 1;
      await requireKnown(command, calm, { statement, direction, name });
    }
    await ended(command, calm, direction);
  }
  await requireWhole(command, calm, statement);
  return times;
}

/** Kills the commands of one cycle at moments that nobody chose. Answers how often. */
export async function killedAtRandom(command: Command, calm: Calm, most: number): Promise<number> {
  const statement = await command.ratify();
  await forget(command);
  let times = 0;
  for (const direction of directions) {
    for (let at = 0; at < most; at += 1) {
      command.wire.arm(null);
      const { pid, ended: end } = command.start([verbOf[direction], 'release']);
      await wait(150 + Math.random() * 900);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended already
      }
      if ((await end).signal === 'SIGKILL') times += 1;
      await requireKnown(command, calm, { statement, direction, name: `${direction}, at random` });
    }
    await ended(command, calm, direction);
  }
  await requireWhole(command, calm, statement);
  return times;
}

async function ended(command: Command, calm: Calm, direction: Direction): Promise<void> {
  const last = await command.run([verbOf[direction], 'release']);
  expect(last.status, `${direction}: ${last.stdout}${last.stderr}`).toBe(0);
  expect(await told(command)).toBe(calm.told[direction].at(-1));
}

/** Commits the transactions before a place, and ends the command when COMMIT of the last of them is answered. */
async function reach(
  command: Command,
  calm: Calm,
  to: { readonly statement: StatementDigest; readonly direction: Direction; readonly transaction: number },
): Promise<void> {
  const { statement, direction, transaction } = to;
  const before = await doneIn(command, statement, direction);
  if (transaction <= before) return;
  const word = calm.words[direction].slice(before, transaction).flat().length;
  await command.run([verbOf[direction], 'release'], { word, moment: 'answered', by: 'kill' });
  await requireKnown(command, calm, { statement, direction, name: `before transaction ${transaction + 1}` });
}

/** How many transactions of a direction were committed. */
async function doneIn({ session }: Command, statement: StatementDigest, direction: Direction): Promise<number> {
  // the second tier runs step by step: each of its steps is a transaction
  const [row] = await session.query<{ n: string }>(sql`
    select count(distinct (tier, case when tier = '2-each' then n end))::text as n from gate.steps
    where direction = ${direction} and statement = ${statement}`);
  return Number(row?.n);
}

/** Waits until no server process of an attempt is left; then the tiers have told what they tell after so many transactions. */
async function requireKnown(
  command: Command,
  calm: Calm,
  of: { readonly statement: StatementDigest; readonly direction: Direction; readonly name: string },
): Promise<void> {
  for (const until = Date.now() + 20_000; ; await wait(5)) {
    const rows = await command.session.query(sql`
      select from pg_catalog.pg_stat_activity
      where application_name ~ '^oneroof attempt' and datname = pg_catalog.current_database()`);
    if (rows.length === 0) break;
    if (Date.now() > until) throw new Error(`${of.name}: a server process of an attempt is left`);
  }
  const done = await doneIn(command, of.statement, of.direction);
  expect(await told(command), of.name).toBe(calm.told[of.direction][done]);
}

/** The record has each transaction of the cycle once, and what became of it. */
async function requireWhole(command: Command, { words }: Calm, statement: StatementDigest): Promise<void> {
  const pieces = ofKind(await command.store.of(command.sealed.seal), 'execution');
  const lines = pieces.flatMap((piece) => (piece.readable && piece.body.statement === statement ? [piece.body] : []));
  const all = transactionsOf(lines).filter(({ outcome }) => outcome !== 'not-applied');
  expect(all.filter(({ outcome }) => outcome !== 'applied')).toEqual([]);
  const names = all.map(({ direction, tier, steps }) => `${direction} ${tier} ${steps[1]}`);
  expect(new Set(names).size, names.join(', ')).toBe(names.length);
  expect(names).toHaveLength(words.up.length + words.down.length);
}
