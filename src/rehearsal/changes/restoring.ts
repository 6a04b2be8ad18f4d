import { printable, truncate } from '../../core/index.ts';
import { allBelow, type ComparedSchemas, type Difference, type DifferenceNode } from '../../fingerprint/index.ts';
import { columnName, identifier, type Keep, keepColumns, keepRows, keepTable, keyOf } from './keeping.ts';
import { dropping, making, partsOf, setting, sqlQuoted } from './object-sql.ts';
import { type Done, droppedColumns, type ReleaseWork, written } from './release-work.ts';

/** What restores an object: text, and the SQL for both files. */
export interface Remedy {
  readonly words: string;
  /** What the up.sql runs before its own statements, or instead of one of them. */
  readonly up: readonly string[];
  /** What the up.sql ends with; absent: nothing. */
  readonly upEnd?: readonly string[];
  /** What the down.sql ends with. */
  readonly down: readonly string[];
  /** Its statements of the up stand in the place of others, so they cannot be added to these. */
  readonly instead?: true;
}

/** A remedy with text only. */
const said = (words: string): Remedy => ({ words, up: [], down: [] });

/** How much SQL a fix holds, in characters. */
const mostSql = 1200;

/** A remedy as the fix of a problem. */
export function remedyText({ words, up, upEnd = [], down }: Remedy): string {
  const [first, last, back] = [up, upEnd, down].map((sql) => truncate(sql.join(' ').replace(/;$/, ''), mostSql));
  return printable(
    [
      words,
      ...(up.length === 0 ? [] : [`let up.sql begin with: ${first}`]),
      ...(upEnd.length === 0 ? [] : [`let up.sql end with: ${last}`]),
      ...(down.length === 0 ? [] : [`let down.sql ${up.length === 0 ? 'run' : 'end with'}: ${back}`]),
    ].join('; '),
  );
}

/** What restores one thing that differs after the rollback. */
export function restoring(node: DifferenceNode, work: ReleaseWork, schemas?: ComparedSchemas): Remedy {
  const { kind, name, change, own } = node;
  const [first] = own;
  if (first === undefined) return said(`correct down.sql so that ${name} is as it was before`);
  if (node.in === 'sequence') return ofSequence(name, own);
  if (first.whiteSpace !== undefined)
    return said(
      `let down.sql restore the text of ${name} (json keeps white space), e.g. from a copy that up.sql keeps; or make the column jsonb in an earlier release`,
    );
  if (kind === 'columns')
    return said(
      'PostgreSQL appends columns, so only a down.sql that creates the table again restores their order: `requires: logical` in release.yaml ignores the order',
    );
  if (node.in === 'rows' && change === 'changed') return ofRows(node, work, schemas);
  if (change === 'gone') return ofGone(node, work, schemas);
  if (change === 'new') return ofNew(node, work);
  return ofChange(node, work);
}

/** Where statements are, for people. */
function at(done: readonly Done[]): string {
  const places = done.slice(0, 2).map(({ file, line }) => `${file}:${line}`);
  return `${places.join(' and ')}${done.length > 2 ? ` and ${done.length - 2} more` : ''}`;
}

/** Where statements are, and what they do. */
function doneBy(done: readonly Done[], verb: string): string {
  const plural = verb === 'empties' ? 'empty' : verb.slice(0, -1);
  return `${at(done)} ${done.length > 1 ? plural : verb}`;
}

const oneWay = 'or mark the tier `oneWay: "<reason>"`';

function ofSequence(name: string, own: readonly Difference[]): Remedy {
  const [first] = own;
  const set = (value: string, called: boolean): Remedy => ({
    words:
      first?.level === 'strict'
        ? 'sequences do not roll back: `requires: logical` in release.yaml ignores this'
        : 'set it back',
    up: [],
    down: [`select setval(${sqlQuoted(name)}, ${value}, ${called});`],
  });
  if (first === undefined || first.property === null)
    return said(`correct down.sql so that sequence ${name} is as it was before`);
  if (first.property === 'next value') return set(String(first.before), false);
  const last = own.find(({ property }) => property === 'lastValue')?.before;
  const called = own.find(({ property }) => property === 'isCalled')?.before;
  return typeof last === 'string'
    ? set(last, called !== false)
    : said('sequences do not roll back: `requires: logical` in release.yaml ignores this');
}

/** Changed rows: how they were changed decides how to restore them. */
function ofRows(node: DifferenceNode, work: ReleaseWork, schemas: ComparedSchemas | undefined): Remedy {
  const { name, own } = node;
  const key = keyOf(name, { own, schemas });
  const up = written(work, { direction: 'up', relation: name });
  const lost = droppedColumns(work, name);
  const keeping: Keep = { table: name, key, schemas };
  if (lost.columns.length > 0) {
    const words = `${doneBy(lost.by, 'drops')} ${lost.columns.join(', ')}, and the values are lost: keep them, ${oneWay}`;
    return key === null ? withoutKey(words) : { words, ...keepColumns(keeping, lost.columns) };
  }
  const { dropped, truncated } = up;
  if (dropped.length > 0)
    return {
      words: `${doneBy(dropped, 'drops')} the table, and its rows are lost: rename it instead, ${oneWay}`,
      ...renamed(name),
    };
  if (truncated.length > 0)
    return { words: `${doneBy(truncated, 'empties')} it: keep its rows, ${oneWay}`, ...keepTable(keeping) };
  const dml = [
    ...(up.deleted.length === 0
      ? []
      : [{ words: `${doneBy(up.deleted, 'deletes')} rows: keep them, ${oneWay}`, ...keepRows(keeping, up.deleted) }]),
    ...(up.updated.length === 0 ? [] : [ofUpdated(keeping, own, up.updated)]),
    ...(up.inserted.length === 0 ? [] : [ofInserted(keeping, own, up.inserted)]),
  ];
  if (dml.length > 0) return together(dml);
  const down = written(work, { direction: 'down', relation: name });
  const wrote = [...down.deleted, ...down.updated, ...down.inserted, ...down.truncated];
  if (wrote.length > 0) return said(`${doneBy(wrote, 'writes')} it, and no up.sql does: correct that statement`);
  const columns = changedColumns(keeping, own);
  const words = `let down.sql restore its rows: up.sql must keep them in a separate table, ${oneWay}`;
  return key === null || columns.length === 0 ? said(words) : { words, ...keepColumns(keeping, columns) };
}

/** The columns of which examples show that a value changed. */
function changedColumns({ table, schemas }: Keep, own: readonly Difference[]): readonly string[] {
  const columns = own.flatMap(({ examples = [] }) => examples.flatMap((one) => one.columns));
  return [...new Set(columns)].map((column) => columnName(table, column, schemas));
}

function ofUpdated(keeping: Keep, own: readonly Difference[], by: readonly Done[]): Remedy {
  const words = `${doneBy(by, 'updates')} rows, and their previous values are lost: keep these, ${oneWay}`;
  const columns = changedColumns(keeping, own);
  return keeping.key === null || columns.length === 0
    ? withoutKey(words)
    : { words, ...keepColumns(keeping, columns, by) };
}

/** Several remedies as one. */
function together(all: readonly Remedy[]): Remedy {
  const upEnd = all.flatMap((one) => one.upEnd ?? []);
  return {
    words: all.map(({ words }) => words).join('; '),
    up: all.flatMap(({ up }) => up),
    ...(upEnd.length === 0 ? {} : { upEnd }),
    down: all.flatMap(({ down }) => down),
  };
}

function withoutKey(words: string): Remedy {
  return said(`${words} (it has no primary key to find rows by: add one in an earlier release)`);
}

function ofInserted({ table, schemas }: Keep, own: readonly Difference[], by: readonly Done[]): Remedy {
  const made = own
    .flatMap(({ examples = [] }) => examples)
    .filter(({ change, key }) => change === 'new' && key !== null);
  const [first] = made;
  const words = `${doneBy(by, 'inserts')} rows: let down.sql delete them`;
  if (first?.key === undefined || first.key === null) return said(words);
  const names = Object.keys(first.key);
  const columns = names.map((name) => columnName(table, name, schemas));
  // in production such a key belongs to another row
  const drawn = columns.filter((column) => isDrawn(`${table}.${column}`, schemas));
  if (drawn.length > 0)
    return said(
      `${words}; the server draws ${drawn.join(', ')}, so production has other keys: let up.sql write the keys itself, or keep them: with added as (insert … returning ${columns.join(', ')}) insert into …`,
    );
  const rows = made.map(({ key }) => `(${names.map((name) => sqlQuoted(key?.[name] ?? '')).join(', ')})`);
  return { words, up: [], down: [`delete from ${table} where (${columns.join(', ')}) in (${rows.join(', ')});`] };
}

/** Whether the server makes the values of a column where a statement gives none. */
function isDrawn(column: string, schemas: ComparedSchemas | undefined): boolean {
  const found = schemas?.[0].objects.find(({ kind, name }) => kind === 'column' && name === column)?.logical;
  return found !== undefined && (found['identity'] !== '' || found['default'] !== null);
}

/** A table that is renamed keeps all that it has. */
function renamed(name: string): Pick<Remedy, 'up' | 'down' | 'instead'> {
  const { relation, own } = partsOf(name);
  const keep = `keep_${own.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"')}`;
  return {
    up: [`alter table ${name} rename to ${identifier(keep)};`],
    down: [`alter table ${relation}.${identifier(keep)} rename to ${own};`],
    instead: true,
  };
}

function ofGone(node: DifferenceNode, work: ReleaseWork, schemas: ComparedSchemas | undefined): Remedy {
  const { kind, name } = node;
  const successor = node.below.find((one) => one.change === 'new' && one.kind === kind);
  if (successor !== undefined) return ofRenamed(node, successor);
  const index = node.below.find((one) => one.kind === 'index' && one.change === 'changed');
  if (kind === 'constraint' && index !== undefined) return ofIndexAlone(node, index);
  const up = written(work, { direction: 'up', relation: name, kind }).dropped;
  const down = written(work, { direction: 'down', relation: name, kind }).dropped;
  if (kind === 'table' && up.length > 0)
    return { words: `${doneBy(up, 'drops')} it: rename it instead, ${oneWay}`, ...renamed(name) };
  if (kind === 'column') return ofGoneColumn(node, work, schemas);
  if (up.length === 0 && down.length > 0)
    return said(
      `${doneBy(down, 'drops')} it, and it existed before the release: remove that statement, or let it name what the up created`,
    );
  const who =
    up.length === 0
      ? 'it was dropped with another object (DROP … CASCADE), or with its table'
      : `${doneBy(up, 'drops')} it`;
  const again = remade([node]);
  return again.length === 0
    ? said(`${who}: let down.sql make ${kind} ${name} again as it was`)
    : { words: `${who}: create it again`, up: [], down: again };
}

/** The statements that make objects again, and what is below them: constraints before views, which may read them. */
function remade(nodes: readonly DifferenceNode[]): readonly string[] {
  const all = nodes
    .flatMap((node) => [node, ...allBelow(node)])
    .filter(({ change, in: where }) => change === 'gone' && where === 'schema');
  if (all.some((node) => node.kind === 'table' || (nodes.includes(node) && making(node).length === 0))) return [];
  const order = [
    'schema',
    'extension',
    'type',
    'column',
    'constraint',
    'index',
    'statistics',
    'view',
    'materialized view',
    'policy',
    'rule',
    'trigger',
  ];
  // the columns of a view come with it
  const views = new Set(all.filter(({ kind }) => kind.endsWith('view')).map(({ name }) => name));
  return all
    .filter(({ kind, name }) => kind !== 'column' || !views.has(partsOf(name).relation))
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .flatMap(making);
}

function ofGoneColumn(node: DifferenceNode, work: ReleaseWork, schemas: ComparedSchemas | undefined): Remedy {
  const { relation, own } = partsOf(node.name);
  const again = remade([node]);
  const [add = '', ...others] = again;
  const { by } = droppedColumns(work, relation, own);
  const down = written(work, { direction: 'down', relation }).columns.filter(({ column }) => column === own);
  if (by.length === 0 && down.length > 0)
    return said(
      `${doneBy(
        down.map(({ done }) => done),
        'drops',
      )} it, and it existed before the release: correct that statement`,
    );
  const words = `${by.length === 0 ? 'the up drops it' : `${doneBy(by, 'drops')} it`}, and its values are lost: keep them, ${oneWay}`;
  const key = keyOf(relation, { own: [], schemas });
  if (add === '') return said(words);
  if (key === null) return { ...withoutKey(words), down: again };
  const kept = keepColumns({ table: relation, key, schemas }, [own]);
  const of = node.own[0]?.before;
  const notNull = typeof of === 'object' && of !== null && 'notNull' in of && of.notNull === true;
  const demand = notNull ? [`alter table ${relation} alter column ${own} set not null;`] : [];
  return {
    words,
    up: kept.up,
    down: [add, ...kept.down, ...demand, ...others.filter((sql) => !(notNull && / NOT NULL /.test(sql)))],
  };
}

/** A unique constraint or a primary key, of which only the index is there. */
function ofIndexAlone({ name, own }: DifferenceNode, index: DifferenceNode): Remedy {
  const { relation, own: constraint } = partsOf(name);
  const before = own[0]?.before;
  const isPrimary = typeof before === 'object' && before !== null && 'type' in before && before.type === 'p';
  const using = `${isPrimary ? 'primary key' : 'unique'} using index ${partsOf(index.name).own}`;
  return {
    words:
      'an index of that name exists, but no constraint: for ON CONFLICT ON CONSTRAINT and foreign keys that is not the same',
    up: [],
    down: [`alter table ${relation} add constraint ${constraint} ${using};`],
  };
}

/** The same thing under another name. */
function ofRenamed({ kind, name }: DifferenceNode, successor: DifferenceNode): Remedy {
  const { relation, own } = partsOf(name);
  const now = partsOf(successor.name).own;
  const words = `it exists under the name ${now}: give it its old name, or name it when it is created`;
  if (kind === 'index') return { words, up: [], down: [`alter index ${successor.name} rename to ${own};`] };
  if (kind === 'trigger') return { words, up: [], down: [`alter trigger ${now} on ${relation} rename to ${own};`] };
  return { words, up: [], down: [`alter table ${relation} rename constraint ${now} to ${own};`] };
}

function ofNew(node: DifferenceNode, work: ReleaseWork): Remedy {
  const { kind, name } = node;
  const made = written(work, { direction: 'up', relation: name }).made;
  const drop = dropping(node);
  const who = made.length === 0 ? 'it remains' : `${doneBy(made, 'makes')} it, and it remains`;
  return drop === null ? said(`${who}: let down.sql drop ${kind} ${name}`) : { words: who, up: [], down: [drop] };
}

function ofChange(node: DifferenceNode, work: ReleaseWork): Remedy {
  const { kind, name, own } = node;
  // a type brings its own way to be stored
  const hasType = own.some(({ property }) => property === 'type');
  const chosen = own.filter(({ property }) => !hasType || !['storage', 'compression', 'collation'].includes(property ?? ''));
  const sql = chosen.flatMap((one) => (one.property === null ? [] : setting(node, { ...one, property: one.property })));
  const mentioned = written(work, { direction: 'down', relation: name }).made;
  const where = mentioned.length === 0 ? 'down.sql' : at(mentioned);
  if (kind === 'type' && own.some(({ property }) => property === 'labels'))
    return said(
      `PostgreSQL cannot remove a label from an enum: mark the tier that adds it \`oneWay: reason\`, or create a new type instead`,
    );
  if (sql.length === 0) return said(`correct ${where} so that ${kind} ${name} is as it was before`);
  return { words: `restore what differs: ${own.map(({ property }) => property).join(', ')}`, up: [], down: sql };
}
