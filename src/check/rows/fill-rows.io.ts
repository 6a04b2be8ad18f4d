import { fixed, type Session, sql } from '../../database/index.ts';
import { AcceptedReader } from './accepted.io.ts';
import { cellSql, type Cell, type FillCatalog, type FillKey, type FillTable } from './fill-catalog.ts';
import { fillOrder, type FillStep, isOwn, isRequired, tablesBelow } from './fill-order.ts';
import { KeyReader, mostKeys } from './key-reader.io.ts';
import { type Care, makeRow, type ParentKeys, type RowPlan } from './make-row.ts';
import { readFillCatalog } from './read-fill-catalog.io.ts';
import { isTimeout, needlessNull, whyRefused } from './refused-row.ts';
import { firstNumber } from './rule-groups.ts';
import { asSchemaSession } from './schema-settings.io.ts';

/** How rows are made. */
export interface FillPlan {
  /** The same seed makes the same rows. */
  readonly seed: string;
  /** Tables with fewer rows get more of them. */
  readonly perTable: number;
}

/** What was filled. */
export interface FilledRows {
  /** Tables that have rows now. */
  readonly tables: number;
  /** Synthetic rows. */
  readonly rows: number;
  /** Tables without a row, and why: never a value of a row. */
  readonly empty: readonly { readonly table: string; readonly reason: string }[];
}

/** More labels than this are not all used. */
const mostLabels = 50;
const countsPerQuery = 100;
/** Rows that are tried by themselves before a table counts as one that takes none. */
const mostRefused = 4;

/**
 * Gives each table that has fewer rows than wanted synthetic rows: by type, domain, enum, CHECK, bounds of partitions, keys; with NULL,
 * empty, zero, longest and non-ASCII values, and repeated ones where they may repeat. Rows that are there stay as they are. Call it outside
 * of a transaction: each statement commits, so that deferred constraints and triggers have judged what is there.
 *
 * Shape   the same rows for the same seed and schema, but for what triggers of the schema write by clock or chance.
 * Errors  those of the connection; a table that takes no row is named in the answer.
 */
export async function fillRows(session: Session, plan: FillPlan): Promise<FilledRows> {
  const catalog = await readFillCatalog(session);
  return asSchemaSession(session, () => new Filler(session, catalog, plan).fill());
}

class Filler {
  private readonly session: Session;
  private readonly catalog: FillCatalog;
  private readonly plan: FillPlan;
  private readonly accepted: AcceptedReader;
  private readonly parts: ReadonlyMap<string, readonly FillTable[]>;
  private readonly counts = new Map<FillTable, number>();
  private readonly reasons = new Map<FillTable, string>();
  private readonly keys: KeyReader;
  private readonly needed = new Map<FillTable, Set<number>>();
  private added = 0;

  constructor(session: Session, catalog: FillCatalog, plan: FillPlan) {
    this.session = session;
    this.catalog = catalog;
    this.plan = plan;
    this.accepted = new AcceptedReader(session, catalog, plan.seed);
    this.keys = new KeyReader(session);
    this.parts = tablesBelow(catalog.tables);
  }

  async fill(): Promise<FilledRows> {
    const { tables } = this.catalog;
    await this.count();
    await this.accepted.readDomains();
    const poor = tables.filter((table) => this.missing(table) > 0);
    for (const step of fillOrder(poor)) await this.take(step);
    const empty = tables.filter((table) => (this.counts.get(table) ?? 0) === 0);
    return {
      tables: tables.length - empty.length,
      rows: this.added,
      empty: empty.map((table) => ({ table: table.name, reason: this.reasons.get(table) ?? 'no row was made for it' })),
    };
  }

  private async count(): Promise<void> {
    const { tables } = this.catalog;
    const most = Math.max(this.plan.perTable, mostLabels);
    const one = (table: FillTable, n: number): string =>
      `select ${n} as n, count(*) as rows from (select from only ${table.name} limit ${most}) as t`;
    for (let start = 0; start < tables.length; start += countsPerQuery) {
      const some = tables.slice(start, start + countsPerQuery);
      const read = async (of: readonly FillTable[]): Promise<void> => {
        for (const { n, rows } of await this.ask<{ n: number; rows: string }>(of.map(one).join(' union all ')))
          if (of[n] !== undefined) this.counts.set(of[n], Number(rows));
      };
      // one table that cannot be read must not hide the others
      await read(some).catch(async () => {
        for (const table of some) await read([table]).catch((error: unknown) => this.refuse(table, error));
      });
    }
  }

  private async take({ part, tables }: FillStep): Promise<void> {
    if (part === 'together') return this.takeTogether(tables);
    for (const table of tables) {
      const missing = this.missing(table);
      const many = part === 'first half' ? Math.ceil(missing / 2) : missing;
      if (many > 0) await this.takeOne(table, many);
    }
  }

  /** How many rows a table needs: as many as wanted, and so many that each label of an enum is used. */
  private missing(table: FillTable): number {
    const labels = table.columns.map(({ type }) => this.catalog.types.get(type)?.labels.length ?? 0);
    const wanted = Math.max(this.plan.perTable, ...labels.filter((many) => many <= mostLabels));
    return wanted - (this.counts.get(table) ?? 0);
  }

  private async takeOne(table: FillTable, many: number): Promise<void> {
    const first = this.counts.get(table) ?? 0;
    let plan = await this.planFor(table, new Set([table]));
    const batch = (from: number): readonly (readonly Cell[])[] | { readonly without: string } => {
      const rows = Array.from({ length: many }, (_, n) =>
        makeRow(plan, from + n, from + n === first + many - 1 && many > 1 ? 'least' : 'full'),
      );
      const without = rows.find((row) => 'without' in row);
      return without !== undefined && 'without' in without ? without : (rows as (readonly Cell[])[]);
    };
    const rows = batch(first);
    if ('without' in rows) {
      this.reasons.set(table, `refers to ${rows.without}, which has no row for it`);
      return;
    }
    try {
      const done = await this.insert(table, rows, 'skip');
      const again = done < many ? batch(first + 50) : [];
      const more =
        'without' in again || again.length === 0
          ? 0
          : await this.insert(table, again.slice(0, many - done), 'skip').catch(() => 0);
      if (done + more > 0) return;
      this.reasons.set(
        table,
        'the server took rows and kept none: a trigger or rule drops them or writes them elsewhere',
      );
    } catch (error) {
      this.refuse(table, error);
      if (isTimeout(error)) return;
      // a value that one row has costs only that row
      let refused = 0;
      for (let n = 0; n < many + 8 && this.missing(table) > 0 && refused < mostRefused; n += 1) {
        const isTaken = await this.takeRow(plan, {
          n: first + n,
          cares: n === many - 1 ? ['least', 'plain'] : ['full', 'plain', 'least'],
        });
        if (isTaken === 'learned') plan = await this.planFor(table, new Set([table]));
        if (isTaken === 'no') refused += 1;
        if (isTaken === 'never') return;
      }
    }
  }

  /** Tries one row with less and less that could be wrong. */
  private async takeRow(
    plan: RowPlan,
    { n, cares }: { readonly n: number; readonly cares: readonly Care[] },
  ): Promise<'yes' | 'no' | 'learned' | 'never'> {
    for (const care of cares) {
      const row = makeRow(plan, n, care);
      if ('without' in row) continue;
      try {
        if ((await this.insert(plan.table, [row], 'fail')) > 0) return 'yes';
      } catch (error) {
        this.refuse(plan.table, error);
        if (isTimeout(error)) return 'never';
        const column = needlessNull(error);
        const found = plan.table.columns.find(
          ({ name }) => name === column || name === `"${column?.replaceAll('"', '""')}"`,
        );
        const known = this.needed.get(plan.table) ?? new Set();
        if (found === undefined || known.has(found.number)) continue;
        this.needed.set(plan.table, known.add(found.number));
        return 'learned';
      }
    }
    return 'no';
  }

  /** Tables that need each other: every key is known before it is there, and deferred constraints judge at COMMIT. */
  private async takeTogether(tables: readonly FillTable[]): Promise<void> {
    const circle = new Set(tables);
    const plans = [];
    for (const table of tables) plans.push(await this.planFor(table, circle));
    const sets = plans.map((plan) =>
      Array.from({ length: Math.max(0, this.missing(plan.table)) }, (_, n) => makeRow(plan, n, 'plain')),
    );
    // whose constraint cannot be deferred comes after its parent: any table may be that one
    for (let start = 0; start < tables.length; start += 1) {
      const order = [...tables.keys()].map((at) => (at + start) % tables.length);
      const before = new Map(this.counts);
      const added = this.added;
      await this.session.run('begin');
      try {
        await this.session.run('set constraints all deferred');
        for (const at of order) {
          const rows = (sets[at] ?? []).filter((row): row is readonly Cell[] => !('without' in row));
          if (tables[at] !== undefined && rows.length > 0) await this.insert(tables[at], rows, 'fail');
        }
        await this.session.run('commit');
        return;
      } catch (error) {
        await this.session.run('rollback');
        for (const [table, rows] of before) this.counts.set(table, rows);
        this.added = added;
        for (const table of tables) this.refuse(table, error);
      }
    }
  }

  private async planFor(table: FillTable, circle: ReadonlySet<FillTable>): Promise<RowPlan> {
    const parents = new Map<FillKey, ParentKeys>();
    for (const key of table.keys) {
      const members = this.parts.get(key.parent) ?? [];
      const inCircle = isRequired(table, key)
        ? members.find((one) => circle.has(one) && (one !== table || isOwn(table, key)))
        : undefined;
      parents.set(
        key,
        inCircle === undefined ? { keys: await this.keys.of(key), by: 'choice' } : this.foretold(inCircle, key),
      );
    }
    // a column that a required key of the circle names has its value before the row is there
    const foretold = table.columns.filter(({ name }) =>
      [...circle].some((one) =>
        one.keys.some((key) => isOwn(table, key) && isRequired(one, key) && key.parentColumns.includes(name)),
      ),
    );
    return {
      table,
      types: this.catalog.types,
      values: this.accepted.valuesOf(table),
      accepted: await this.accepted.read(table, parents),
      parents,
      foretold: new Set(foretold.map(({ number }) => number)),
      needed: this.needed.get(table) ?? new Set(),
      shift: (column) => this.accepted.shift(table, column),
    };
  }

  private foretold(parent: FillTable, key: FillKey): ParentKeys {
    const values = this.accepted.valuesOf(parent);
    const numbers = key.parentColumns.map((name) => parent.columns.find((column) => column.name === name)?.number ?? 0);
    const keys = Array.from({ length: mostKeys }, (_, n) =>
      numbers.map((number) => values.get(number)?.plain(firstNumber + n) ?? null),
    );
    return { keys, by: 'in step' };
  }

  /** Answers how many rows were kept. `skip` leaves out those that a unique or exclusion constraint does not take. */
  private async insert(
    table: FillTable,
    rows: readonly (readonly Cell[])[],
    conflicts: 'skip' | 'fail',
  ): Promise<number> {
    const names = table.columns.map(({ name }) => name).join(', ');
    const values = rows.map((row) => `(${row.map(cellSql).join(', ')})`).join(', ');
    const what = table.columns.length === 0 ? 'default values' : `(${names}) overriding system value values ${values}`;
    const result = await this.session.run(
      `insert into ${table.name} ${what}${conflicts === 'skip' ? ' on conflict do nothing' : ''}`,
    );
    const kept = result.rows ?? 0;
    this.counts.set(table, (this.counts.get(table) ?? 0) + kept);
    this.added += kept;
    this.keys.forget([table.oid, ...table.roots]);
    return kept;
  }

  private refuse(table: FillTable, error: unknown): void {
    this.reasons.set(table, whyRefused(error));
  }

  private ask<Row extends object>(text: string): Promise<Row[]> {
    return this.session.query<Row>(sql`${fixed(text)}`);
  }
}
