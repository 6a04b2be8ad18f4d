import { lockModes } from '../database/index.ts';
import { lockName } from '../rehearsal/index.ts';
import { actionsOf, buildsIndex, saferSql } from './altered.ts';
import type { Moment, OldTable } from './probe.io.ts';
import { briefly, type Sent } from './sent.ts';
import { lockOutside } from './invalid-index.ts';
import { bareName, lastPart } from './last-part.ts';
import { type NamedTable, namedTable } from './named-table.ts';
import { statementHazards } from './statement-hazards.ts';
import { type LostColumn, type Measured, type UpSeen } from './up-seen.ts';
import { type Hazard, type TableLock } from './check-result.ts';

const blocksWrites = (mode: string): boolean => lockModes.indexOf(mode) >= lockModes.indexOf('ShareLock');

/** The strongest lock on each old table. */
export function upLocks({ ran, old }: Pick<UpSeen, 'ran' | 'old'>): readonly TableLock[] {
  const strongest = new Map<string, string>();
  for (const [oid, mode] of ran.flatMap(({ moments }) => moments?.[1].locks ?? []))
    if (lockModes.indexOf(mode) > lockModes.indexOf(strongest.get(oid) ?? '')) strongest.set(oid, mode);
  for (const { sent, moments } of ran) {
    const said = moments === null && !sent.transactional ? lockOutside(sent) : null;
    const table = old.find(({ name }) => bareName(name) === said?.table);
    if (
      said !== null &&
      table !== undefined &&
      lockModes.indexOf(said.mode) > lockModes.indexOf(strongest.get(table.oid) ?? '')
    )
      strongest.set(table.oid, said.mode);
  }
  return old
    .flatMap(({ oid, name }) => {
      const mode = strongest.get(oid);
      return mode === undefined ? [] : [{ relation: name, mode: lockName(mode), production: null }];
    })
    .toSorted((one, other) => (one.relation < other.relation ? -1 : 1));
}

/** What is dangerous in an up, in the order of its statements. */
export function hazardsOf(seen: UpSeen): readonly Hazard[] {
  return seen.ran.flatMap((one) => [
    ...tableHazards(one, seen),
    ...statementHazards(one, seen),
    ...cascaded(one, seen),
  ]);
}

/** What happened to one old table during a statement. */
type Happened = 'dropped' | 'emptied' | 'rewritten' | 'scanned';

function tableHazards({ sent, moments }: Measured, seen: UpSeen): readonly Hazard[] {
  if (moments === null) return [];
  const [before, after] = moments;
  const of = (what: Happened): readonly OldTable[] =>
    seen.old.filter(({ oid }) => happened(sent, { oid, before, after }) === what);
  const say = (
    tables: readonly OldTable[],
    build: (first: OldTable, more: string, isOwn: boolean) => Omit<Hazard, Common>,
  ): Hazard[] => {
    const own = tables.find(({ name }) => bareName(name) === targetOf(sent));
    const first = own ?? tables[0];
    if (first === undefined) return [];
    const more = tables.length > 1 ? ` (and of ${tables.length - 1} more)` : '';
    return [
      {
        spot: { file: seen.file, line: sent.line },
        relation: first.name,
        others: tables.flatMap(({ name }) => (name === first.name ? [] : [name])),
        statement: briefly(sent.sql),
        production: null,
        ...build(first, more, own !== undefined),
      },
    ];
  };
  const lockOn = (oid: string): string => lockName(strongestOf(after, oid) ?? 'AccessExclusiveLock');
  return [
    ...of('dropped').flatMap((table) => say([table], () => lostTable('drops', seen.lost.get(table.oid)?.rows))),
    ...of('emptied').flatMap((table) => say([table], () => lostTable('empties', seen.lost.get(table.oid)?.rows))),
    ...lostColumns({ before, after }, seen).flatMap(({ table, column }) => say([table], () => lostColumn(column))),
    ...say(of('rewritten'), ({ name, oid }, more) => ({
      code: 'rewrites-table',
      level: 'error',
      measured: `rewrites ${name}${more}: its file was replaced under a lock ${lockOn(oid)}`,
      facts: { lock: lockOn(oid) },
      rule: 'add a new column, fill it in batches, and switch to it; a default that is not constant comes after ADD COLUMN, by ALTER COLUMN SET DEFAULT',
      safer: null,
    })),
    ...say(of('scanned'), ({ name, oid }, more, isOwn) => ({
      ...scanned(sent),
      measured: `reads all rows of ${name}${more} under a lock ${lockOn(oid)}`,
      facts: { lock: lockOn(oid) },
      // of a partition it would be another statement, and an index of the whole cannot be built so
      safer: isOwn ? saferSql(sent, name) : null,
    })),
  ];
}

type Common = 'spot' | 'relation' | 'others' | 'statement' | 'production';

/** Statements that give a table a new file in order to empty it. */
const emptying = ['TruncateStmt'];
/** Statements that read a table because that is what they are for. What others read, a DO block too, checks or builds something. */
const reading = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt'];

function happened(
  sent: Sent,
  of: { readonly oid: string; readonly before: Moment; readonly after: Moment },
): Happened | null {
  const [was, is] = [of.before.tables.get(of.oid) ?? null, of.after.tables.get(of.oid) ?? null];
  if (was === null) return null;
  if (is === null) return 'dropped';
  if (was.file !== is.file) return emptying.includes(sent.kind) ? 'emptied' : 'rewritten';
  if (is.scans <= was.scans) return null;
  const strong = strongestOf(of.after, of.oid);
  if (strong === undefined || !blocksWrites(strong)) return null;
  // what a function does in a query is told by the lock that it takes
  return !reading.includes(sent.kind) || strongestOf(of.before, of.oid) !== strong ? 'scanned' : null;
}

function strongestOf({ locks }: Moment, oid: string): string | undefined {
  return locks
    .flatMap(([of, mode]) => (of === oid ? [mode] : []))
    .toSorted((one, other) => lockModes.indexOf(other) - lockModes.indexOf(one))[0];
}

/** The table that a statement names, without its schema. */
function targetOf({ kind, tree }: Sent): string {
  const { relation } = (tree[kind] ?? {}) as { readonly relation?: NamedTable };
  return namedTable(relation).table;
}

function scanned(sent: Sent): Pick<Hazard, 'code' | 'level' | 'rule'> {
  const actions = actionsOf(sent);
  if (sent.kind !== 'AlterTableStmt' && sent.kind !== 'DoStmt')
    return {
      code: 'index-blocks-writes',
      level: 'error',
      rule: 'build the index with CONCURRENTLY, in a migration that its tool runs outside of a transaction',
    };
  if (actions.some(buildsIndex))
    return {
      code: 'index-blocks-writes',
      level: 'error',
      rule: 'build a unique index with CONCURRENTLY first, in a migration outside of a transaction, then add the constraint with USING INDEX',
    };
  if (actions.some(({ subtype }) => subtype === 'AT_SetNotNull'))
    return {
      code: 'not-null-scans',
      level: 'error',
      rule: 'add CHECK (column IS NOT NULL) NOT VALID, validate it in a later transaction, then SET NOT NULL reads no row',
    };
  return {
    code: 'scans-table',
    level: 'error',
    rule: 'add the constraint NOT VALID, and validate it in a later transaction: VALIDATE CONSTRAINT lets others write',
  };
}

function lostTable(verb: 'drops' | 'empties', rows = 0): Omit<Hazard, Common> {
  return {
    code: 'drops-table',
    level: 'warning',
    measured: `${verb} a table that has ${rows} ${rows === 1 ? 'row' : 'rows'} here`,
    facts: { rows },
    rule: 'deploy first what no longer uses the table, rename it, and drop it when no one has missed it',
    safer: null,
  };
}

function lostColumn({ name, values }: LostColumn): Omit<Hazard, Common> {
  return {
    code: 'drops-column',
    level: 'warning',
    measured: `drops column ${name}, which has a value in ${values} ${values === 1 ? 'row' : 'rows'} here`,
    facts: { column: name, values },
    rule: 'deploy first what no longer uses the column, and keep its values until no one has missed them',
    safer: null,
  };
}

function lostColumns(
  { before, after }: { readonly before: Moment; readonly after: Moment },
  { old, lost }: UpSeen,
): readonly { readonly table: OldTable; readonly column: LostColumn }[] {
  return old.flatMap((table) => {
    const was = before.tables.get(table.oid)?.dropped ?? [];
    return (after.tables.get(table.oid)?.dropped ?? [])
      .filter((number) => !was.includes(number))
      .flatMap((number) => {
        const column = lost.get(table.oid)?.columns.get(number);
        return column === undefined || column.values === 0 ? [] : [{ table, column }];
      });
  });
}

/** What a DROP … CASCADE took along that is older than the migration. */
function cascaded({ sent, notices }: Measured, { file, before }: UpSeen): readonly Hazard[] {
  const taken = notices
    .filter(({ message }) => message.startsWith('drop cascades to '))
    .flatMap(({ message, detail }) => (detail ?? message).split('\n'))
    .map((line) => line.replace(/^drop cascades to /, ''))
    .flatMap((what) => knownObject(what, before.objects));
  const [first] = taken;
  if (first === undefined) return [];
  return [
    {
      code: 'drops-others',
      level: 'error',
      spot: { file, line: sent.line },
      relation: first,
      others: [],
      statement: briefly(sent.sql),
      production: null,
      measured: `CASCADE took along: ${taken.slice(0, 5).join(', ')}${taken.length > 5 ? `, and ${taken.length - 5} more` : ''}`,
      facts: { taken },
      rule: 'drop or change each of these by name first, and leave CASCADE out',
      safer: null,
    },
  ];
}

/** What the server names, as the schema has it: a function can raise a notice in the same words, with any text in it. */
function knownObject(what: string, objects: UpSeen['before']['objects']): readonly string[] {
  const name = lastPart(takenName(what));
  const named = objects.filter((one) => lastPart(one.name) === name);
  const found = named.find(({ kind }) => what.startsWith(`${kind} `)) ?? named[0];
  return found === undefined ? [] : [`${found.kind} ${found.name}`];
}

/** The name in the server's words: `constraint c on table t`, `column a of table t`, `function f(integer)`, `view v`. */
function takenName(what: string): string {
  return (
    /^(?:constraint|trigger|rule|policy|column|default value for column) (?<name>"(?:[^"]|"")*"|\S+) (?:on|of) /.exec(
      what,
    )?.groups?.['name'] ?? what.replace(/^(?:[a-z]+ )+/, '')
  );
}
