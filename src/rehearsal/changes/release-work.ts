import { type Direction, type Release, type TierId } from '../../release/index.ts';
import { partsOf, unquoted } from './object-sql.ts';

/** A table that a statement had locked which was to write, and changed no row. */
interface Unmatched {
  readonly relation: string;
  readonly hasRows: boolean;
  readonly rowSecurity: boolean;
}

/** What was measured for one statement. */
interface Measured {
  readonly tier: TierId;
  readonly direction: Direction;
  readonly index: number;
  readonly notices: readonly { readonly message: string; readonly detail?: string }[];
  readonly rowsByRelation: readonly {
    readonly relation: string;
    readonly inserted: number;
    readonly updated: number;
    readonly deleted: number;
  }[];
  readonly locks: readonly {
    readonly relation: string;
    readonly mode: string;
    readonly age: 'existing' | 'new';
    readonly kind?: string;
  }[];
  readonly emptied?: readonly string[];
  readonly unmatched?: readonly Unmatched[];
}

/** What a release did: its statements, and what was measured of them. */
export interface ReleaseWork {
  readonly tiers: Release['tiers'];
  readonly steps: readonly Measured[];
}

/** If nothing is known about what was done. */
export const nothingDone: ReleaseWork = { tiers: [], steps: [] };

/** A statement, and where it is. */
export interface Done {
  readonly sql: string;
  readonly file: string;
  readonly line: number;
}

/** The statements of one direction that concern one object, by what they do. */
export interface ObjectStatements {
  readonly dropped: readonly Done[];
  readonly made: readonly Done[];
  readonly truncated: readonly Done[];
  readonly inserted: readonly Done[];
  readonly updated: readonly Done[];
  readonly deleted: readonly Done[];
  readonly columns: readonly { readonly column: string; readonly done: Done }[];
}

/** Finds the statements that drop, make or write an object: by what was measured of rows, and by what their text names of the rest. */
export function written(
  work: ReleaseWork,
  of: { readonly direction: Direction; readonly relation: string; readonly kind?: string },
): ObjectStatements {
  const { direction, relation, kind = 'table' } = of;
  const own = plainName(relation);
  const all = work.tiers.flatMap((tier) =>
    tier[direction].map((step, at) => ({
      done: { sql: step.sql, file: step.place.file, line: step.place.line ?? 1 },
      measures: work.steps.filter((one) => one.tier === tier.id && one.direction === direction && one.index === at + 1),
    })),
  );
  const naming = all.map(({ done }) => done).filter(({ sql }) => named(sql, own));
  const by = (pattern: RegExp): readonly Done[] => naming.filter(({ sql }) => pattern.test(sql));
  const rows = (what: 'inserted' | 'updated' | 'deleted'): readonly Done[] =>
    all
      .filter(({ measures }) =>
        measures.some((one) => one.rowsByRelation.some((row) => row.relation === relation && row[what] > 0)),
      )
      .map(({ done }) => done);
  return {
    dropped: by(new RegExp(`\\bdrop\\s+${kind.replace(' ', '\\s+')}\\b`, 'i')),
    made: by(/^\s*(create|alter|comment|grant|revoke|do)\b/i),
    truncated: by(/\btruncate\b/i),
    inserted: rows('inserted'),
    updated: rows('updated'),
    deleted: rows('deleted'),
    columns: naming.flatMap((done) => columnsIn(done.sql).map((column) => ({ column, done }))),
  };
}

/** `relkind` of what may be made again under its name. */
const relkinds: Readonly<Record<string, string>> = {
  view: 'v',
  'materialized view': 'm',
  table: 'rp',
  'foreign table': 'f',
};

/** The statement of the up by which an object that is still there was made again: it drops or replaces it, or what it was made of took it along. */
export function madeAgain(
  work: ReleaseWork,
  { kind, name }: { readonly kind: string; readonly name: string },
): Done | null {
  const { dropped, made } = written(work, { direction: 'up', relation: name, kind });
  const replaced = made.filter(({ sql }) =>
    new RegExp(`^\\s*create\\s+or\\s+replace\\s+(recursive\\s+)?${kind}\\b`, 'i').test(sql),
  );
  const [first] = [...dropped, ...replaced];
  if (first !== undefined) return first;
  const own = plainName(name);
  const ups = work.steps.filter(({ direction }) => direction === 'up');
  const taken = ups.find(({ notices }) =>
    notices.some(({ message, detail = '' }) =>
      `${message}\n${detail}`
        .split('\n')
        .some((line) => line.startsWith(`drop cascades to ${kind} `) && named(line, own)),
    ),
  );
  // SQL that is put together while it runs names nothing, but it locks the old relation and the new one of the same name
  const locked = (age: 'existing' | 'new') => (step: Measured) =>
    step.locks.some(
      (lock) =>
        lock.relation === name &&
        lock.age === age &&
        lock.mode === 'AccessExclusiveLock' &&
        (relkinds[kind] ?? '').includes(lock.kind ?? '-'),
    );
  const replacing = ups.some(locked('new')) ? ups.find(locked('existing')) : undefined;
  return doneBy(work, taken ?? replacing);
}

/** The statement of a measured step, as it is in its file. */
function doneBy({ tiers }: ReleaseWork, step: Measured | undefined): Done | null {
  const found = step && tiers.find(({ id }) => id === step.tier)?.[step.direction][step.index - 1];
  return found === undefined ? null : { sql: found.sql, file: found.place.file, line: found.place.line ?? 1 };
}

/** A table whose rows a statement of the up concerned in a way that its command tag does not tell. */
export interface ConcernedTable {
  readonly relation: string;
  readonly by: Done;
  /** Whether the statement names it. */
  readonly named: boolean;
}

/** The tables that hold nothing after a statement of the up that gave them another file: TRUNCATE. */
export function emptiedBy(work: ReleaseWork): readonly ConcernedTable[] {
  return concerned(work, ({ emptied = [] }) => emptied.map((relation) => ({ relation })));
}

/** The tables with rows of which a statement of the up changed none, although it was to write: those that it names, or else all that it locked. */
export function unmatchedBy(work: ReleaseWork): readonly (ConcernedTable & Unmatched)[] {
  const all = concerned(work, ({ unmatched = [] }) => unmatched);
  return all.filter(
    ({ by, named: isNamed, hasRows }) => hasRows && (isNamed || !all.some((other) => other.by === by && other.named)),
  );
}

function concerned<T extends { readonly relation: string }>(
  work: ReleaseWork,
  of: (step: Measured) => readonly T[],
): readonly (T & ConcernedTable)[] {
  return work.steps
    .filter(({ direction }) => direction === 'up')
    .flatMap((step) => {
      const by = doneBy(work, step);
      return by === null ? [] : of(step).map((one) => ({ ...one, by, named: named(by.sql, plainName(one.relation)) }));
    });
}

/** The columns of a table that an up drops, quoted as in SQL; `only`: this one. */
export function droppedColumns(
  work: ReleaseWork,
  relation: string,
  only?: string,
): { readonly columns: readonly string[]; readonly by: readonly Done[] } {
  const found = written(work, { direction: 'up', relation }).columns.filter(
    ({ column }) => only === undefined || column === only,
  );
  return { columns: [...new Set(found.map(({ column }) => column))], by: [...new Set(found.map(({ done }) => done))] };
}

function columnsIn(sql: string): readonly string[] {
  const found = sql.matchAll(/\bdrop\s+column\s+(?:if\s+exists\s+)?("(?:[^"]|"")+"|[\w$]+)/gi);
  return [...found].map(([, name = '']) => (name.startsWith('"') ? name : name.toLowerCase()));
}

/** The last part of a name without quotes and arguments; a cast, which has only those, as it is. */
function plainName(name: string): string {
  return unquoted(partsOf(name.replace(/(?<=.)\([^()]*\)$/, '')).own);
}

function named(sql: string, name: string): boolean {
  const text = sql.toLowerCase();
  const wanted = name.toLowerCase();
  // an empty name would be found at the end for ever
  if (wanted === '') return false;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1))
    if (!/[\w$]/.test(text[at - 1] ?? ' ') && !/[\w$]/.test(text[at + wanted.length] ?? ' ')) return true;
  return false;
}
