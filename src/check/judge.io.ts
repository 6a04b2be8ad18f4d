import { compareRows, type Difference, sidesOf } from '../fingerprint/index.ts';
import { type Migration, type Script } from '../import/index.ts';
import { compareWritten } from './chosen-names.ts';
import { failureFault, type ScriptFailure, unjudged } from './failure.ts';
import { countFacts, explainedSchema, schemaFacts, ordered, restoreFaults } from './faults.ts';
import { hazardsOf, upLocks } from './hazards.ts';
import { lackOf, type LeftOut } from './left-out.ts';
import { lastPart } from './last-part.ts';
import { lostIn } from './lost-values.io.ts';
import { type OldTable } from './probe.io.ts';
import { emptyTables, type JudgingGround, type Outcome, sendWithRoles } from './judging-ground.io.ts';
import { type SentScript } from './send.io.ts';
import { doesNothing, sentOf } from './sent.ts';
import { CopyReader, type CopyState, damageOf } from './database-state.io.ts';
import { type CheckResult, type Fault, type JudgedMigration, type Spot } from './check-result.ts';

/** What else is known of the migration to be judged. */
export interface Circumstances {
  /** Other migrations of the project have a down: then one without is a fault. */
  readonly hasDowns: boolean;
  /** Tables that took no synthetic rows, and why. */
  readonly empty: CheckResult['rows']['empty'];
  /** Those before it that were not run, because they cannot be read or fail. */
  readonly leftOut: LeftOut | null;
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
  if (migration.unreadable === null) {
    try {
      await trial.run();
    } finally {
      await trial.close();
    }
  } else
    trial.faults.push(
      unjudged(spots.up, {
        cause: migration.unreadable,
        facts: { why: migration.unreadable },
        fix: 'read it yourself: only SQL that stands in a file is judged',
      }),
    );
  for (const database of trial.databases) await ground.sandbox.drop(database);
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
  /** Those that it made. */
  readonly databases = new Set<string>();
  /** Of the copy that the scripts run in, and of what it was made of. */
  private reader: CopyReader | null = null;

  constructor(ground: JudgingGround, migration: Migration, of: Circumstances) {
    this.ground = ground;
    this.migration = migration;
    this.of = of;
  }

  async run(): Promise<void> {
    const { up, down } = this.migration;
    this.faults.push(...this.withoutRows());
    let reader = await this.readCopyOf(this.ground.base);
    let first = await this.send(up, reader.before.filled);
    if (first.failure !== null && this.isBlamed(first.failure)) {
      const onRows = first.failure;
      const emptied = reader.before.filled.length === 0 ? null : await this.upOnEmpty();
      if (emptied === null) return this.say(onRows, { code: 'up-fails', begin: 'the up fails' });
      if (emptied.outcome.failure !== null)
        return this.say(emptied.outcome.failure, { code: 'up-fails', begin: 'the up fails, also on empty tables' });
      this.say(onRows, {
        code: 'up-fails-on-rows',
        begin: 'the up fails where tables have rows, and not on empty ones',
      });
      this.onRows = false;
      [first, reader] = [emptied.outcome, emptied.reader];
    }
    if (first.failure !== null) return;
    await this.look(first.sent, reader);
    if (down === null) {
      const level = this.of.hasDowns ? 'error' : 'note';
      this.faults.push({
        code: 'no-down',
        level,
        spot: spotOf(up),
        cause: level === 'error' ? 'it has no down, and other migrations here have one' : 'it has no down',
        facts: { migration: this.migration.id },
        detail: [],
        fix: 'write one, or plan how to go on without',
      });
      return;
    }
    await this.backAndAgain(down, reader);
  }

  async close(): Promise<void> {
    await this.reader?.close();
    this.reader = null;
  }

  private async backAndAgain(down: Script, reader: CopyReader): Promise<void> {
    const { base, parser, sandbox } = this.ground;
    const after = await reader.read();
    const back = await this.send(down, after.filled);
    if (back.failure !== null) {
      if (this.isBlamed(back.failure)) this.say(back.failure, { code: 'down-fails', begin: 'the down fails' });
      return;
    }
    const restored = await reader.read();
    const { originals, objects } = restored.schema;
    const schema = compareWritten(originals, objects);
    const rows = compareRows(reader.before.rows, restored.rows);
    const damage = await damageOf(sandbox.reader(this.onRows ? base : emptiedCopy), sandbox.reader(copy), rows);
    const found = restoreFaults({ schemas: [{ objects: originals }, { objects }], schema, damage }, spotOf(down));
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
    this.compareUps({ after, again: await reader.read(), known: [...schema, ...rows] });
  }

  /** Two ups must make the same schema and number of rows; values may be the time or random. */
  private compareUps(of: {
    readonly after: CopyState;
    readonly again: CopyState;
    /** What the down did not restore is said already. */
    readonly known: readonly Difference[];
  }): void {
    const { after, again, known } = of;
    const keyOf = ({ kind, name, property }: Difference): string => JSON.stringify([kind, name, property]);
    const said = new Set(known.map(keyOf));
    const [was, is] = sidesOf(after.schema, again.schema);
    const logical = compareWritten(was, is).filter((one) => one.level === 'logical' && !said.has(keyOf(one)));
    const counted = compareRows(after.rows, again.rows).filter(
      (one) => one.in === 'rows' && one.property === 'rows' && !said.has(keyOf(one)),
    );
    const [first, ...rest] = [
      ...(logical.length === 0 ? [] : explainedSchema(logical, [{ objects: was }, { objects: is }])),
      ...counted.map(
        ({ name, before: first, after: second }) =>
          `${name} has ${String(second)} rows, and ${String(first)} after the first up`,
      ),
    ];
    if (first === undefined) return;
    this.faults.push({
      code: 'up-differs-after-down',
      level: 'error',
      spot: spotOf(this.migration.up),
      cause: `after up, down and up, ${first}`,
      facts: { ...schemaFacts(logical, [{ objects: was }, { objects: is }]), rows: counted.map(countFacts) },
      detail: rest,
      fix: 'let the down undo everything that the up does; leave out of the up what depends on the time it runs',
    });
  }

  /** Hazards and locks of the up. */
  private async look(sent: SentScript, reader: CopyReader): Promise<void> {
    const seen = { file: this.migration.up.file, ran: sent.ran, old: reader.before.filled };
    this.locks = [...upLocks(seen)];
    if (!this.onRows) return;
    const lost = await lostIn(this.ground.sandbox.reader(this.ground.base), seen);
    // what a CASCADE took along is looked up in it, and it says so
    const before = sent.ran.some(({ notices }) => notices.length > 0) ? await reader.originalSchema() : { objects: [] };
    this.hazards = [...hazardsOf({ ...seen, filled: reader.before.rows.relations, before, lost })];
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
          facts: { table, why: reason },
          fix: 'give it rows: --rows FILE',
        }),
      );
  }

  /** Rows that cannot be compared, of tables that the scripts may have touched: unknown means not judged. */
  private unproven(
    { rows }: CopyState,
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
          facts: { relation, why: reason },
          fix: 'compare them yourself',
        }),
      );
  }

  /** Makes the copy, and opens it beside what it was made of. */
  private async readCopyOf(original: string): Promise<CopyReader> {
    const { sandbox, seeds } = this.ground;
    this.databases.add(copy);
    await sandbox.make(copy, { copyOf: original });
    this.reader = await CopyReader.open(sandbox.reader(original), sandbox.reader(copy), seeds);
    return this.reader;
  }

  /** The same on empty tables; null where they cannot be emptied. */
  private async upOnEmpty(): Promise<{ readonly outcome: Outcome; readonly reader: CopyReader } | null> {
    const { sandbox, base } = this.ground;
    // no session may be on what is copied
    await this.close();
    await sandbox.drop(copy);
    this.databases.add(emptiedCopy);
    await sandbox.make(emptiedCopy, { copyOf: base });
    if (!(await emptyTables(sandbox.owner(emptiedCopy)))) return null;
    const reader = await this.readCopyOf(emptiedCopy);
    return { outcome: await this.send(this.migration.up, reader.before.filled), reader };
  }

  /** Sends a script; a role that it takes for granted is made, and it is sent again. */
  private async send(script: Script, old: readonly OldTable[]): Promise<Outcome> {
    const { sent, failure } = await sendWithRoles(this.ground, script, { database: copy, old });
    this.milliseconds += sent.milliseconds;
    return { sent, failure };
  }

  /** Whether a failure is the migration's own; where not, says why it is not judged. A second up finds what the first one found, or its down is to blame. */
  private isBlamed(failure: ScriptFailure, of: 'first run' | 'second up' = 'first run'): boolean {
    const { leftOut } = this.of;
    const { spot } = failure;
    const why = failure.unjudged ?? (leftOut === null || of === 'second up' ? null : lackOf(leftOut, failure));
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
}

const emptiedCopy = 'oneroof_emptied';

const fixes: Partial<Record<Fault['code'], string>> = {
  'up-fails-on-rows':
    'write it so that it works on tables with rows: a default, a backfill, a USING clause that takes every value',
  'down-fails': 'correct this statement of the down',
  'up-fails-after-down': 'let the down remove what the up makes, or let the up accept that it exists',
  'needs-no-transaction': 'put it into a migration of its own, and let the tool run that without a transaction',
};
