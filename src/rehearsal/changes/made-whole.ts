import { type Json } from '../../core/index.ts';
import { type ComparedSchemas, type DifferenceNode } from '../../fingerprint/index.ts';
import { keepColumns, keepName, type Kept, keepTable, keyOf } from './keeping.ts';
import { columnWords, sequenceWith } from './making-sql.ts';
import { isList, jsonText, partsOf, propertiesOf, sqlQuoted } from './object-sql.ts';

type Properties = Readonly<Record<string, Json>>;
type SchemaObject = ComparedSchemas[0]['objects'][number];

/**
 * What makes a dropped object again that needs others to be told: a table and a composite type with their columns, an identity column with its
 * sequence; null where it is none of these, or more than that.
 */
export function madeWhole(node: DifferenceNode, schemas: ComparedSchemas): Kept | null {
  if (node.in !== 'schema' || node.change !== 'gone') return null;
  if (node.kind === 'table') return keepDropped(node, schemas);
  if (node.kind === 'column') return keepIdentity(node, schemas);
  if (node.kind !== 'type' || propertiesOf(node)['form'] !== 'c') return null;
  const attributes = columnsOf(node.name, schemas).map(
    ({ name, logical }) => `${partsOf(name).own} ${columnWords(logical)}`,
  );
  return { up: [], down: [`create type ${node.name} as (${attributes.join(', ')});`] };
}

/** In their order. */
function columnsOf(relation: string, [before]: ComparedSchemas): readonly SchemaObject[] {
  return before.objects
    .filter(({ kind, name }) => kind === 'column' && partsOf(name).relation === relation)
    .toSorted((a, b) => Number(a.strict['attnum']) - Number(b.strict['attnum']));
}

/**
 * Keeps a table whole before it is dropped, with the positions of its sequences, and makes it again with its rows; null where it is more than
 * columns: partitioned, inherited, of a type. Its constraints, indexes and triggers are made once its rows are back.
 */
function keepDropped(node: DifferenceNode, schemas: ComparedSchemas): Kept | null {
  const { name: table } = node;
  const of = propertiesOf(node);
  const parents = of['parents'] ?? null;
  if (of['partitioned'] !== false || !isList(parents) || parents.length > 0 || (of['ofType'] ?? null) !== null)
    return null;
  const owned = ownedBy(table, schemas);
  const written = columnsOf(table, schemas).map((one) =>
    columnOf(
      one,
      owned.find(({ column, isIdentity }) => isIdentity && column === one.name),
    ),
  );
  const rows = keepAsText(table, schemas) ?? keepTable({ table, key: keyOf(table, { own: [], schemas }), schemas });
  const positions = owned.map(keepPosition);
  const serial = owned.filter(({ isIdentity }) => !isIdentity);
  return {
    up: [...rows.up, ...positions.flatMap(({ up }) => up)],
    down: [
      ...serial.map(({ name, logical }) => `create sequence ${sequenceWith(name, logical)};`),
      `create ${of['persistence'] === 'u' ? 'unlogged ' : ''}table ${table} (${written.join(', ')})${placed(of)};`,
      ...serial.map(({ name, column }) => `alter sequence ${name} owned by ${column};`),
      ...rows.down,
      ...positions.flatMap(({ down }) => down),
    ],
  };
}

/** Keeps the rows where types of its columns are dropped too, which the copy must not depend on; null where none is. */
function keepAsText(table: string, schemas: ComparedSchemas): Kept | null {
  const [before, after] = schemas.map(({ objects }) => objects.filter(({ kind }) => /^(type|domain)$/.test(kind)));
  const gone = (before ?? []).filter(({ name }) => !(after ?? []).some((one) => one.name === name));
  const typeOf = ({ logical }: SchemaObject): string => jsonText(logical['type']);
  const isGone = (one: SchemaObject): boolean => gone.some(({ name }) => typeOf(one).replace(/(\[\])+$/, '') === name);
  const columns = columnsOf(table, schemas).filter(({ logical }) => logical['generated'] === '');
  if (!columns.some(isGone)) return null;
  const named = columns.map((one) => ({ own: partsOf(one.name).own, type: isGone(one) ? typeOf(one) : null }));
  const kept = named.map(({ own, type }) => (type === null ? own : `${own}::text as ${own}`));
  const back = named.map(({ own, type }) => (type === null ? own : `${own}::${type}`));
  const keep = keepName(table);
  return {
    up: [`create table ${keep} as select ${kept.join(', ')} from ${table};`],
    down: [
      `insert into ${table} (${named.map(({ own }) => own).join(', ')}) overriding system value select ${back.join(', ')} from ${keep};`,
      `drop table ${keep};`,
    ],
  };
}

/** Keeps the values of an identity column, and the position of its sequence; null where the rows have no other key. */
function keepIdentity({ name }: DifferenceNode, schemas: ComparedSchemas): Kept | null {
  const { relation: table, own } = partsOf(name);
  const column = columnsOf(table, schemas).find((one) => one.name === name);
  const identity = ownedBy(table, schemas).find((one) => one.isIdentity && one.column === name);
  const key = keyOf(table, { own: [], schemas });
  if (column === undefined || identity === undefined || key === null || key.includes(own)) return null;
  const rows = keepColumns({ table, key, schemas }, [own]);
  const position = keepPosition(identity);
  const logical = { ...column.logical, identity: 'd' };
  return {
    up: [...rows.up, ...position.up],
    down: [
      `alter table ${table} add column ${columnOf({ ...column, logical }, identity)};`,
      ...rows.down,
      // one that is always generated takes no UPDATE
      ...(column.logical['identity'] === 'a' ? [`alter table ${table} alter column ${own} set generated always;`] : []),
      ...position.down,
    ],
  };
}

function keepPosition({ name }: Owned): Kept {
  const keep = keepName(name);
  return {
    up: [`create table ${keep} as select last_value, is_called from ${name};`],
    down: [`select setval(${sqlQuoted(name)}, last_value, is_called) from ${keep};`, `drop table ${keep};`],
  };
}

interface Owned {
  readonly name: string;
  readonly column: string;
  readonly isIdentity: boolean;
  readonly logical: Properties;
}

/** The sequences that go with the columns of a table. */
function ownedBy(table: string, [before]: ComparedSchemas): readonly Owned[] {
  return before.objects.flatMap(({ kind, name, logical }) => {
    const [, column, how] = /^(.*) ([ai])$/.exec(jsonText(logical['ownedBy'])) ?? [];
    return kind === 'sequence' && column !== undefined && partsOf(column).relation === table
      ? [{ name, column, logical, isIdentity: how === 'i' }]
      : [];
  });
}

function placed(of: Properties): string {
  const [method, space] = [jsonText(of['accessMethod']), jsonText(of['tablespace'])];
  return `${method === '' || method === 'heap' ? '' : ` using ${method}`}${space === '' ? '' : ` tablespace ${space}`}`;
}

function columnOf({ name, logical: of }: SchemaObject, identity: Owned | undefined): string {
  const how = of['identity'] === 'a' ? 'always' : 'by default';
  const drawn =
    identity === undefined
      ? ''
      : ` generated ${how} as identity (sequence name ${sequenceWith(identity.name, identity.logical, 'its type')})`;
  return `${partsOf(name).own} ${columnWords(of)}${of['notNull'] === true ? ' not null' : ''}${drawn}`;
}
