import { allBelow, type ComparedSchemas, type Difference, type DifferenceNode } from '../../fingerprint/index.ts';
import { keepColumns, keyOf } from './keeping.ts';
import { making } from './making-sql.ts';
import { dropping, partsOf, sqlQuoted } from './object-sql.ts';
import { droppedColumns, type ReleaseWork, written } from './release-work.ts';
import { placesOf, doneBy, orOneWay, type Remedy, inWords } from './remedy.ts';
import { ofRows, renamed, withoutKey } from './restoring-rows.ts';
import { setting } from './setting-sql.ts';

/** What restores one thing that differs after the rollback. */
export function restoring(node: DifferenceNode, work: ReleaseWork, schemas?: ComparedSchemas): Remedy {
  const { kind, name, change, own } = node;
  const [first] = own;
  if (first === undefined) return inWords(`correct down.sql so that ${name} is as it was before`);
  if (node.in === 'sequence') return ofSequence(name, own);
  if (first.whiteSpace !== undefined)
    return inWords(
      `let down.sql restore the text of ${name} (json keeps white space), e.g. from a copy that up.sql keeps; or make the column jsonb in an earlier release`,
    );
  if (kind === 'columns')
    return inWords(
      'PostgreSQL appends columns, so only a down.sql that creates the table again restores their order: `requires: logical` in release.yaml ignores the order',
    );
  if (node.in === 'rows' && change === 'changed') return ofRows(node, work, schemas);
  if (change === 'gone') return ofGone(node, work, schemas);
  if (change === 'new') return ofNew(node, work);
  return ofChange(node, work);
}

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
    return inWords(`correct down.sql so that sequence ${name} is as it was before`);
  if (first.property === 'next value') return set(String(first.before), false);
  const last = own.find(({ property }) => property === 'lastValue')?.before;
  const called = own.find(({ property }) => property === 'isCalled')?.before;
  return typeof last === 'string'
    ? set(last, called !== false)
    : inWords('sequences do not roll back: `requires: logical` in release.yaml ignores this');
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
    return { words: `${doneBy(up, 'drops')} it: rename it instead, ${orOneWay}`, ...renamed(name) };
  if (kind === 'column') return ofGoneColumn(node, work, schemas);
  if (up.length === 0 && down.length > 0)
    return inWords(
      `${doneBy(down, 'drops')} it, and it existed before the release: remove that statement, or let it name what the up created`,
    );
  const who =
    up.length === 0
      ? 'it was dropped with another object (DROP … CASCADE), or with its table'
      : `${doneBy(up, 'drops')} it`;
  const again = remade([node]);
  return again.length === 0
    ? inWords(`${who}: let down.sql make ${kind} ${name} again as it was`)
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
    'domain',
    'column',
    'constraint',
    'index',
    'statistics',
    'view',
    'materialized view',
    'index of a view',
    'policy',
    'rule',
    'trigger',
  ];
  // the columns of a view come with it, and its indexes after it
  const ofViews = new Set(all.filter(({ kind }) => kind.endsWith('view')).flatMap(allBelow));
  const placeOf = (node: DifferenceNode): number =>
    order.indexOf(node.kind === 'index' && ofViews.has(node) ? 'index of a view' : node.kind);
  return all
    .filter((node) => node.kind !== 'column' || !ofViews.has(node))
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .flatMap(making);
}

function ofGoneColumn(node: DifferenceNode, work: ReleaseWork, schemas: ComparedSchemas | undefined): Remedy {
  const { relation, own } = partsOf(node.name);
  const again = remade([node]);
  const [add = '', ...others] = again;
  const { by } = droppedColumns(work, relation, own);
  const down = written(work, { direction: 'down', relation }).columns.filter(({ column }) => column === own);
  if (by.length === 0 && down.length > 0)
    return inWords(
      `${doneBy(
        down.map(({ done }) => done),
        'drops',
      )} it, and it existed before the release: correct that statement`,
    );
  const words = `${by.length === 0 ? 'the up drops it' : `${doneBy(by, 'drops')} it`}, and its values are lost: keep them, ${orOneWay}`;
  const key = keyOf(relation, { own: [], schemas });
  if (add === '') return inWords(words);
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
  return drop === null ? inWords(`${who}: let down.sql drop ${kind} ${name}`) : { words: who, up: [], down: [drop] };
}

function ofChange(node: DifferenceNode, work: ReleaseWork): Remedy {
  const { kind, name, own } = node;
  // a type brings its own way to be stored
  const hasType = own.some(({ property }) => property === 'type');
  const chosen = own.filter(
    ({ property }) => !hasType || !['storage', 'compression', 'collation'].includes(property ?? ''),
  );
  const sql = chosen.flatMap((one) => (one.property === null ? [] : setting(node, { ...one, property: one.property })));
  const mentioned = written(work, { direction: 'down', relation: name }).made;
  const where = mentioned.length === 0 ? 'down.sql' : placesOf(mentioned);
  if (kind === 'type' && own.some(({ property }) => property === 'labels'))
    return inWords(
      `PostgreSQL cannot remove a label from an enum: mark the tier that adds it \`oneWay: reason\`, or create a new type instead`,
    );
  if (sql.length === 0) return inWords(`correct ${where} so that ${kind} ${name} is as it was before`);
  return { words: `restore what differs: ${own.map(({ property }) => property).join(', ')}`, up: [], down: sql };
}
