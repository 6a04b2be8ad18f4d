import { type ComparedSchemas, type Difference, type DifferenceNode } from '../../fingerprint/index.ts';
import { columnName, identifier, type Keep, keepColumns, keepRows, keepTable, keyOf } from './keeping.ts';
import { partsOf, sqlQuoted, unquoted } from './object-sql.ts';
import { type Done, droppedColumns, type ReleaseWork, written } from './release-work.ts';
import { doneBy, orOneWay, type Remedy, inWords } from './remedy.ts';

/** Changed rows: how they were changed decides how to restore them. */
export function ofRows(node: DifferenceNode, work: ReleaseWork, schemas: ComparedSchemas | undefined): Remedy {
  const { name, own } = node;
  const key = keyOf(name, { own, schemas });
  const up = written(work, { direction: 'up', relation: name });
  const lost = droppedColumns(work, name);
  const keeping: Keep = { table: name, key, schemas };
  if (lost.columns.length > 0) {
    const words = `${doneBy(lost.by, 'drops')} ${lost.columns.join(', ')}, and the values are lost: keep them, ${orOneWay}`;
    return key === null ? withoutKey(words) : { words, ...keepColumns(keeping, lost.columns) };
  }
  const { dropped, truncated } = up;
  if (dropped.length > 0)
    return {
      words: `${doneBy(dropped, 'drops')} the table, and its rows are lost: rename it instead, ${orOneWay}`,
      ...renamed(name),
    };
  if (truncated.length > 0)
    return { words: `${doneBy(truncated, 'empties')} it: keep its rows, ${orOneWay}`, ...keepTable(keeping) };
  const dml = [
    ...(up.deleted.length === 0
      ? []
      : [{ words: `${doneBy(up.deleted, 'deletes')} rows: keep them, ${orOneWay}`, ...keepRows(keeping, up.deleted) }]),
    ...(up.updated.length === 0 ? [] : [ofUpdated(keeping, own, up.updated)]),
    ...(up.inserted.length === 0 ? [] : [ofInserted(keeping, own, up.inserted)]),
  ];
  if (dml.length > 0) return together(dml);
  const down = written(work, { direction: 'down', relation: name });
  const wrote = [...down.deleted, ...down.updated, ...down.inserted, ...down.truncated];
  if (wrote.length > 0) return inWords(`${doneBy(wrote, 'writes')} it, and no up.sql does: correct that statement`);
  const columns = changedColumns(keeping, own);
  const words = `let down.sql restore its rows: up.sql must keep them in a separate table, ${orOneWay}`;
  return key === null || columns.length === 0 ? inWords(words) : { words, ...keepColumns(keeping, columns) };
}

/** The columns of which examples show that a value changed. */
function changedColumns({ table, schemas }: Keep, own: readonly Difference[]): readonly string[] {
  const columns = own.flatMap(({ examples = [] }) => examples.flatMap((one) => one.columns));
  return [...new Set(columns)].map((column) => columnName(table, column, schemas));
}

function ofUpdated(keeping: Keep, own: readonly Difference[], by: readonly Done[]): Remedy {
  const words = `${doneBy(by, 'updates')} rows, and their previous values are lost: keep these, ${orOneWay}`;
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

export function withoutKey(words: string): Remedy {
  return inWords(`${words} (it has no primary key to find rows by: add one in an earlier release)`);
}

function ofInserted({ table, schemas }: Keep, own: readonly Difference[], by: readonly Done[]): Remedy {
  const made = own
    .flatMap(({ examples = [] }) => examples)
    .filter(({ change, key }) => change === 'new' && key !== null);
  const [first] = made;
  const words = `${doneBy(by, 'inserts')} rows: let down.sql delete them`;
  if (first?.key === undefined || first.key === null) return inWords(words);
  const names = Object.keys(first.key);
  const columns = names.map((name) => columnName(table, name, schemas));
  const keeping = `keep their keys: with added as (insert … returning ${columns.join(', ')}) insert into …`;
  // production has other rows to choose from than the clone
  if (!by.every(({ sql }) => /^\s*insert\s/i.test(sql) && !/\bselect\b/i.test(sql)))
    return inWords(`${words}; which rows it inserts depends on what is there: let up.sql ${keeping}`);
  if (made.length >= mostDeleted)
    return inWords(
      `${words}; ${made.length} or more are too many to name: let up.sql keep the keys of what it inserts`,
    );
  // in production such a key belongs to another row
  const drawn = columns.filter((column) => isDrawn(`${table}.${column}`, schemas));
  if (drawn.length > 0)
    return inWords(
      `${words}; the server draws ${drawn.join(', ')}, so production has other keys: let up.sql write the keys itself, or ${keeping}`,
    );
  const rows = made.map(({ key }) => `(${names.map((name) => sqlQuoted(key?.[name] ?? '')).join(', ')})`);
  return { words, up: [], down: [`delete from ${table} where (${columns.join(', ')}) in (${rows.join(', ')});`] };
}

/** A DELETE names no more rows than this. */
const mostDeleted = 100;

/** Whether the server makes the values of a column where a statement gives none. */
function isDrawn(column: string, schemas: ComparedSchemas | undefined): boolean {
  const found = schemas?.[0].objects.find(({ kind, name }) => kind === 'column' && name === column)?.logical;
  return found !== undefined && (found['identity'] !== '' || found['default'] !== null);
}

/** A table that is renamed keeps all that it has. */
export function renamed(name: string): Pick<Remedy, 'up' | 'down' | 'instead'> {
  const { relation, own } = partsOf(name);
  const keep = `keep_${unquoted(own)}`;
  return {
    up: [`alter table ${name} rename to ${identifier(keep)};`],
    down: [`alter table ${relation}.${identifier(keep)} rename to ${own};`],
    instead: true,
  };
}
