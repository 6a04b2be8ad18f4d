import { type Difference } from '../fingerprint/index.ts';
import { type Migration, type Script } from '../import/index.ts';
import { failureFault, isOwnFailure, type ScriptFailure, unjudged } from './failure.ts';
import { explainedSchema, ordered, restoreFaults } from './faults.ts';
import { hazardsOf, lastPart, upLocks } from './hazards.ts';
import { lostIn } from './lost-values.io.ts';
import { type OldTable } from './probe.io.ts';
import { emptyTables, type JudgingGround, type Outcome, sendWithRoles } from './judging-ground.io.ts';
import { type Sandbox } from './sandbox.io.ts';
import { type SentScript } from './send.io.ts';
import { doesNothing, sentOf } from './sent.ts';
import { damageOf, type DatabaseState, differencesBetween, readDatabaseState } from './database-state.io.ts';
import { type CheckResult, type Fault, type JudgedMigration, type Spot } from './check-result.ts';

/** What else is known of the migration to be judged. */
export interface Circumstances {
  /** Other migrations of the project have a down: then one without is a fault. */
  readonly hasDowns: boolean;
  /** Tables that took no synthetic rows, and why. */
  readonly empty: CheckResult['rows']['empty'];
  /** The first migration before it that was not run, because it cannot be read or fails. */
  readonly broken: Fault | null;
}

const copy = 'oneroof_judged';

/** Judges one migration: up, down and up again on a copy of the base, compared with it. */
export async function judgeMigration(
  ground: JudgingGround,
  migration: Migration,
  of: Circumstances,
): Promise<JudgedMigration> {
  const began = performance.now();
  const { id, name, up, down } = migration;
  const spots = { up: spotOf(up), down: down === null ? null : spotOf(down) };
  const trial = new Trial(ground, migration, of);
  if (migration.unreadable === null) await trial.run();
  else
    trial.faults.push(
      unjudged(spots.up, {
        cause: migration.unreadable,
        fix: 'read it yourself: only SQL that stands in a file is judged',
      }),
    );
  await ground.sandbox.drop(copy);
  const faults = ordered(trial.faults);
  const { hazards, locks, onRows, milliseconds } = trial;
  return {
    id,
    name,
    ...spots,
    verdict: faults.find(({ level }) => level !== 'note')?.code ?? 'clean',
    faults: [...faults],
    hazards: [...hazards],
    locks: [...locks],
    onRows,
    milliseconds: { total: performance.now() - began, sql: milliseconds },
  };
}

export function spotOf({ file, line }: Script): Spot {
  return { file, line };
}

class Trial {
  readonly faults: Fault[] = [];
  hazards: JudgedMigration['hazards'] = [];
  locks: JudgedMigration['locks'] = [];
  onRows = true;
  milliseconds = 0;
  private readonly ground: JudgingGround;
  private readonly migration: Migration;
  private readonly of: Circumstances;

  constructor(ground: JudgingGround, migration: Migration, of: Circumstances) {
    this.ground = ground;
    this.migration = migration;
    this.of = of;
  }

  async run(): Promise<void> {
    const { up, down } = this.migration;
    this.faults.push(...this.withoutRows());
    let before = await readDatabaseState(this.reader(this.ground.base), this.ground.seeds);
    let first = await this.up(before.filled);
    if (first.failure !== null && this.isBlamed(first.failure)) {
      const onRows = first.failure;
      const emptied = before.filled.length === 0 ? null : await this.upOnEmpty();
      if (emptied === null) return this.say(onRows, { code: 'up-fails', begin: 'the up fails' });
      if (emptied.outcome.failure !== null)
        return this.say(emptied.outcome.failure, { code: 'up-fails', begin: 'the up fails, also on empty tables' });
      this.say(onRows, {
        code: 'up-fails-on-rows',
        begin: 'the up fails where tables have rows, and not on empty ones',
      });
      this.onRows = false;
      [first, before] = [emptied.outcome, emptied.before];
    }
    if (first.failure !== null) return;
    await this.look(first.sent, before);
    if (down === null) {
      const level = this.of.hasDowns ? 'error' : 'note';
      this.faults.push({
        code: 'no-down',
        level,
        spot: spotOf(up),
        cause: level === 'error' ? 'it has no down, and other migrations here have one' : 'it has no down',
        detail: [],
        fix: 'write one, or plan how to go on without',
      });
      return;
    }
    await this.backAndAgain(down, before);
  }

  private async backAndAgain(down: Script, before: DatabaseState): Promise<void> {
    const { seeds, base, parser } = this.ground;
    const reader = this.reader(copy);
    const after = await readDatabaseState(reader, seeds);
    const back = await this.send(down, after.filled);
    if (back.failure !== null) {
      if (this.isBlamed(back.failure)) this.say(back.failure, { code: 'down-fails', begin: 'the down fails' });
      return;
    }
    const restored = await readDatabaseState(reader, seeds);
    const { schema, rows } = differencesBetween(before, restored);
    const damage = await damageOf(this.reader(this.onRows ? base : emptiedCopy), reader, rows);
    const found = restoreFaults({ schemas: [before.schema, restored.schema], schema, damage }, spotOf(down));
    const [worst] = found;
    if (worst !== undefined && worst.level === 'error' && doesNothing(sentOf(parser, down)))
      this.faults.push({ ...worst, code: 'empty-down', cause: `the down does nothing; ${worst.cause}` });
    else this.faults.push(...found);
    this.faults.push(...this.unproven(restored, { sent: back.sent, old: after.filled }, down));
    const again = await this.send(this.migration.up, restored.filled);
    if (again.failure !== null) {
      if (this.isBlamed(again.failure, 'second up'))
        this.say(again.failure, { code: 'up-fails-after-down', begin: 'the up fails after its own down' });
      return;
    }
    this.compareUps({ after, again: await readDatabaseState(reader, seeds), known: [...schema, ...rows] });
  }

  /** Two ups must make the same schema and the same number of rows; values may be the time or random. */
  private compareUps(of: {
    readonly after: DatabaseState;
    readonly again: DatabaseState;
    /** What the down did not restore is said already. */
    readonly known: readonly Difference[];
  }): void {
    const { after, again, known } = of;
    const keyOf = ({ kind, name, property }: Difference): string => JSON.stringify([kind, name, property]);
    const said = new Set(known.map(keyOf));
    const { schema, rows } = differencesBetween(after, again);
    const logical = schema.filter((one) => one.level === 'logical' && !said.has(keyOf(one)));
    const counted = rows.filter((one) => one.in === 'rows' && one.property === 'rows' && !said.has(keyOf(one)));
    const [first, ...rest] = [
      ...(logical.length === 0 ? [] : explainedSchema(logical, [after.schema, again.schema])),
      ...counted.map(
        ({ name, before: was, after: is }) => `${name} has ${String(is)} rows, and ${String(was)} after the first up`,
      ),
    ];
    if (first === undefined) return;
    this.faults.push({
      code: 'up-differs-after-down',
      level: 'error',
      spot: spotOf(this.migration.up),
      cause: `after up, down and up, ${first}`,
      detail: rest,
      fix: 'let the down undo everything that the up does; leave out of the up what depends on the time it runs',
    });
  }

  /** Hazards and locks of the up. */
  private async look(sent: SentScript, before: DatabaseState): Promise<void> {
    const seen = { file: this.migration.up.file, ran: sent.ran, old: before.filled };
    this.locks = [...upLocks(seen)];
    if (!this.onRows) return;
    const lost = await lostIn(this.reader(this.ground.base), seen);
    this.hazards = [...hazardsOf({ ...seen, before: before.schema, lost })];
  }

  /** Tables without rows that the scripts name: what happens to rows there is not seen, and unknown means not judged. */
  private withoutRows(): readonly Fault[] {
    const { up, down } = this.migration;
    const text = `${up.text}\n${down?.text ?? ''}`.toLowerCase();
    return this.of.empty
      .filter(({ table }) => text.includes(lastPart(table).replaceAll('"', '').toLowerCase()))
      .map(({ table, reason }) =>
        unjudged(spotOf(up), {
          cause: `${table} took no rows, so what happens to rows there was not seen: ${reason}`,
          fix: 'give it rows: --rows FILE',
        }),
      );
  }

  /** Rows that cannot be compared, of tables that the scripts may have touched: unknown means not judged. */
  private unproven(
    { rows }: DatabaseState,
    back: { readonly sent: SentScript; readonly old: readonly OldTable[] },
    down: Script,
  ): readonly Fault[] {
    const isMeasured = back.sent.ran.every(({ moments }) => moments !== null);
    const touched = [...this.locks, ...upLocks({ ran: back.sent.ran, old: back.old })];
    const locked = new Set(touched.map(({ relation }) => relation));
    return rows.notProven
      .filter(({ relation }) => !isMeasured || locked.has(relation))
      .map(({ relation, reason }) =>
        unjudged(spotOf(down), {
          cause: `the rows of ${relation} cannot be compared: ${reason}`,
          fix: 'compare them yourself',
        }),
      );
  }

  private async up(old: readonly OldTable[]): Promise<Outcome> {
    await this.ground.sandbox.make(copy, { copyOf: this.ground.base });
    return this.send(this.migration.up, old);
  }

  /** The same on empty tables; null where they cannot be emptied. */
  private async upOnEmpty(): Promise<{ readonly outcome: Outcome; readonly before: DatabaseState } | null> {
    const { sandbox, base, seeds } = this.ground;
    await sandbox.drop(copy);
    await sandbox.drop(emptiedCopy);
    await sandbox.make(emptiedCopy, { copyOf: base });
    if (!(await emptyTables(sandbox.owner(emptiedCopy)))) return null;
    const before = await readDatabaseState(this.reader(emptiedCopy), seeds);
    await sandbox.make(copy, { copyOf: emptiedCopy });
    return { outcome: await this.send(this.migration.up, before.filled), before };
  }

  /** Sends a script; a role that it takes for granted is made, and it is sent again. */
  private async send(script: Script, old: readonly OldTable[]): Promise<Outcome> {
    const { sent, failure } = await sendWithRoles(this.ground, script, { database: copy, old });
    this.milliseconds += sent.milliseconds;
    return { sent, failure };
  }

  /** Whether a failure is the migration's own; where not, says why it is not judged. A second up finds what the first one found, or its down is to blame. */
  private isBlamed(failure: ScriptFailure, of: 'first run' | 'second up' = 'first run'): boolean {
    const broken = of === 'second up' ? null : this.of.broken;
    const { spot, said } = failure;
    const why =
      failure.unjudged ??
      (broken === null || isOwnFailure(failure)
        ? null
        : {
            cause: `an earlier migration was not run (${broken.spot.file}:${broken.spot.line}), and without it this one fails: ${said.text}`,
            fix: 'see what is said of the earlier migration first',
          });
    if (why !== null) {
      this.faults.push(unjudged(spot, why));
      return false;
    }
    if (!failure.needsNoTransaction) return true;
    this.say(failure, { code: 'needs-no-transaction', begin: 'it cannot run inside of the transaction of its tool' });
    return false;
  }

  private say(failure: ScriptFailure, as: { readonly code: Fault['code']; readonly begin: string }): void {
    this.faults.push(
      failureFault(as.code, failure, { begin: as.begin, fix: fixes[as.code] ?? 'correct this statement' }),
    );
  }

  private reader(database: string): ReturnType<Sandbox['reader']> {
    return this.ground.sandbox.reader(database);
  }
}

const emptiedCopy = 'oneroof_emptied';

const fixes: Partial<Record<Fault['code'], string>> = {
  'up-fails-on-rows':
    'write it so that it works on tables with rows: a default, a backfill, a USING clause that takes every value',
  'down-fails': 'correct this statement of the down',
  'up-fails-after-down': 'let the down remove what the up makes, or let the up accept that it exists',
  'needs-no-transaction': 'put it into a migration of its own, and let the tool run that without a transaction',
};
