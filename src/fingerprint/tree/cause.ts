import { canonicalJson, type Json } from '../../core/index.ts';
import { isMemberOf } from './member.ts';
import { hasWord, lastOf, mentioned, schemaOfName, withoutArguments, withoutLast } from './name-parts.ts';
import type { ComparedSchemas, NodeDraft } from './node.ts';

/** What has columns, constraints, triggers, rows. */
const relations: readonly string[] = ['table', 'view', 'materialized view', 'foreign table', 'type', 'domain'];
/** What is named after its relation. */
const parts: readonly string[] = ['column', 'constraint', 'trigger', 'rule', 'policy'];
/** Kinds that are in no schema, although their names may look like it. */
const outside =
  /^(database|schema|extension|extension dependency|language|event trigger|large object|security label|default privileges|cast|transform|access method|foreign data wrapper|server|user mapping|publication.*|subscription|system .*)$/;
/** What others can be made of, so that their definitions name it. */
const ingredients: readonly string[] = [...relations, 'sequence', 'function', 'procedure', 'aggregate', 'collation'];

/** Finds the cause of a node; null if it has none. Whole objects follow from whole objects that changed the same way. */
export function causeFinder(
  nodes: readonly NodeDraft[],
  schemas?: ComparedSchemas,
): (node: NodeDraft) => NodeDraft | null {
  const whole = nodes.filter(({ change }) => change !== 'changed');
  const found: Found = {
    whole: new Map(whole.filter((node) => node.in === 'schema').map((node) => [keyOf(node), node])),
    changed: new Map(
      nodes.filter((node) => node.change === 'changed' && node.in === 'schema').map((node) => [keyOf(node), node]),
    ),
    named: groupedBy(whole, ({ kind, name }) =>
      ingredients.includes(kind)
        ? /^(function|procedure|aggregate)$/.test(kind)
          ? withoutArguments(name)
          : name
        : null,
    ),
    parts: groupedBy(whole, ({ kind, name }) => (parts.includes(kind) ? withoutLast(name) : null)),
    containers: whole.filter(({ kind }) => kind === 'extension'),
    parents: parentsOf(schemas),
  };
  return (node) => (node.change === 'changed' ? causeOfChange(node, found) : causeOfWhole(node, found));
}

interface Found {
  /** Objects that are gone or new, by kind and name. */
  readonly whole: ReadonlyMap<string, NodeDraft>;
  readonly changed: ReadonlyMap<string, NodeDraft>;
  /** What definitions can name, by its name. */
  readonly named: ReadonlyMap<string, readonly NodeDraft[]>;
  /** Parts of relations that are gone or new, by the relation. */
  readonly parts: ReadonlyMap<string, readonly NodeDraft[]>;
  readonly containers: readonly NodeDraft[];
  /** The tables that a table inherits from or is a partition of. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
}

function keyOf({ kind, name, change }: Pick<NodeDraft, 'kind' | 'name' | 'change'>): string {
  return `${change} ${kind}\0${name}`;
}

function groupedBy(nodes: readonly NodeDraft[], key: (node: NodeDraft) => string | null): Map<string, NodeDraft[]> {
  const groups = new Map<string, NodeDraft[]>();
  for (const node of nodes) {
    const name = key(node);
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), node]);
  }
  return groups;
}

function parentsOf(schemas: ComparedSchemas | undefined): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, readonly string[]>();
  for (const { kind, name, logical } of (schemas ?? []).flatMap(({ objects }) => objects)) {
    const names = kind === 'table' ? listed(logical['parents']) : [];
    if (names.length > 0) parents.set(name, names);
  }
  return parents;
}

/** The names in a property that lists relations, each alone or with details. */
function listed(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((one: Json) => String(Array.isArray(one) ? one[0] : one)) : [];
}

/** The logical properties of an object that is gone or new. */
function propertiesOf({ own, change }: NodeDraft): Readonly<Record<string, Json>> {
  const [first] = own;
  const value = change === 'gone' ? first?.before : first?.after;
  return value !== undefined && isObject(value) ? value : {};
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function causeOfWhole(node: NodeDraft, found: Found): NodeDraft | null {
  const { kind, name, change } = node;
  const of = propertiesOf(node);
  const one = (wanted: string, called: string): NodeDraft | null =>
    found.whole.get(keyOf({ kind: wanted, name: called, change })) ?? null;
  const relation = (called: string): NodeDraft | null =>
    relations.map((wanted) => one(wanted, called)).find((other) => other !== null) ?? null;
  if (node.in === 'rows') return relation(name);
  if (node.in === 'sequence') return one('sequence', name);
  const owner = text(of['ownedBy']).replace(/ [ai]$/, '');
  const table = kind === 'index' ? (mentioned(text(of['definition']).replace(/^.*? ON /s, ''))[0] ?? '') : '';
  const direct = [
    ...(node.change === 'new' ? [formerName(node, found)] : []),
    ...(parts.includes(kind) ? [relation(withoutLast(name))] : []),
    ...(kind === 'constraint' ? [columnOfNotNull(node, found)] : []),
    ...(kind === 'index' ? [constraintOf(node, { table, found }), relation(table)] : []),
    ...(owner === '' ? [] : [relation(withoutLast(owner)), one('column', owner)]),
    ...listed(of['parents']).map((parent) => one(kind, parent)),
    ...(text(of['parent']) === '' ? [] : [one('constraint', text(of['parent']))]),
    ...(text(of['inherited']) === '' ? [] : [one('trigger', `${text(of['inherited'])}.${lastOf(name)}`)]),
    ...ofServer(node, of).map(([wanted, called]) => one(wanted, called)),
    found.containers.find((extension) => extension.change === change && isMemberOf(node, propertiesOf(extension))) ??
      null,
    ...(outside.test(kind) ? [] : [one('schema', schemaOfName(name))]),
    ...(kind === 'extension' ? [one('schema', text(of['schema']))] : []),
    inheritedFrom(node, found),
  ];
  const first = direct.find((other) => other !== null && other !== node);
  if (first !== undefined || outside.test(kind)) return first ?? null;
  return ofIngredients(node, of, found);
}

/** The constraint that an index belongs to: the index has its name without quotes. */
function constraintOf(index: NodeDraft, of: { readonly table: string; readonly found: Found }): NodeDraft | null {
  const wanted = propertiesOf(index)['constraint'];
  const constraints = (of.found.parts.get(of.table) ?? []).filter(({ kind }) => kind === 'constraint');
  return constraints.find(({ name, change }) => change === index.change && plain(lastOf(name)) === wanted) ?? null;
}

/** Foreign servers, their wrappers and users; publications and what they publish. */
function ofServer(
  { kind, name }: NodeDraft,
  of: Readonly<Record<string, Json>>,
): readonly (readonly [string, string])[] {
  switch (kind) {
    case 'user mapping':
      return [['server', name.replace(/ for .*$/s, '')]];
    case 'server':
      return [['foreign data wrapper', text(of['wrapper'])]];
    case 'foreign table':
      return [['server', listed(of['foreign'])[0] ?? '']];
    case 'publication table':
      return [
        ['publication', name.replace(/ of .*$/s, '')],
        ['table', name.replace(/^.*? of /s, '')],
      ];
    case 'publication schema':
      return [
        ['publication', withoutLast(name)],
        ['schema', lastOf(name)],
      ];
    case 'operator of family':
    case 'function of family':
      return [
        ['operator class', text(of['class'])],
        ['operator family', name.replace(/ \d+[ :].*$/s, '')],
      ];
    case 'operator class':
      return [['operator family', text(of['family'])]];
    default:
      return [];
  }
}

/** Dropped objects that exist under another name: constraints and indexes whose names the server chose. */
function formerName(node: NodeDraft, { whole }: Found): NodeDraft | null {
  const { kind, name } = node;
  if (kind !== 'constraint' && kind !== 'index') return null;
  const unnamed = (one: NodeDraft): string => {
    const { definition, ...rest } = propertiesOf(one);
    const own = lastOf(one.name);
    return canonicalJson({ ...rest, definition: text(definition).replace(`INDEX ${own} ON `, 'INDEX ON ') });
  };
  const wanted = unnamed(node);
  for (const other of whole.values())
    if (other.kind === kind && other.change === 'gone' && withoutLast(other.name) === withoutLast(name))
      if (unnamed(other) === wanted) return other;
  return null;
}

/** The same part of the table that a partition belongs to. */
function inheritedFrom(node: NodeDraft, { whole, changed, parents }: Found): NodeDraft | null {
  const { kind, name, change } = node;
  const isPart = parts.includes(kind);
  for (const parent of parents.get(isPart ? withoutLast(name) : name) ?? []) {
    const key = keyOf({ kind, name: isPart ? `${parent}.${lastOf(name)}` : parent, change });
    const cause = whole.get(key) ?? changed.get(key);
    if (cause !== undefined && cause !== node) return cause;
  }
  return null;
}

/** What the definition of an object names, where that is gone or new too: no view without its table. */
function ofIngredients(
  node: NodeDraft,
  of: Readonly<Record<string, Json>>,
  { named, parts: found }: Found,
): NodeDraft | null {
  const { source: _source, comment: _comment, ...rest } = of;
  const said = Object.values(rest)
    .map((value) => (typeof value === 'string' ? value : canonicalJson(value)))
    .join('\n');
  const names = mentioned(said);
  for (const name of names)
    for (const other of named.get(name) ?? [])
      if (other !== node && other.change === node.change && other.in === 'schema') return other;
  const tables = parts.includes(node.kind) ? [withoutLast(node.name), ...names] : names;
  for (const table of tables)
    for (const column of found.get(table) ?? [])
      if (column !== node && column.kind === 'column' && column.change === node.change)
        if (hasWord(said, lastOf(column.name))) return column;
  return null;
}

function causeOfChange(node: NodeDraft, found: Found): NodeDraft | null {
  const { kind, name, in: where } = node;
  if (kind === 'columns') return columnsOf(name, found)[0] ?? null;
  if (where === 'rows') return causeOfRows(node, found);
  if (where !== 'schema') return null;
  if (kind === 'index' && node.own.every(({ property }) => property === 'constraint')) {
    const [only] = node.own;
    const names = [only?.before, only?.after].filter((one) => typeof one === 'string');
    const constraints = [...found.whole.values()].filter((one) => one.kind === 'constraint');
    const sameSchema = constraints.filter((one) => schemaOfName(one.name) === schemaOfName(name));
    return sameSchema.find((one) => names.some((own) => plain(lastOf(one.name)) === own)) ?? null;
  }
  if (kind === 'column' && node.own.every(({ property }) => property === 'notNull')) {
    const constraints = (found.parts.get(withoutLast(name)) ?? []).filter((one) => one.kind === 'constraint');
    return constraints.find((one) => demandsValue(one, lastOf(name))) ?? null;
  }
  if (kind === 'column' && node.own.every(({ property }) => property === 'default')) {
    const names = node.own.flatMap(({ before, after }) => [before, after].flatMap((one) => mentioned(text(one))));
    const causes = names.flatMap((one) => found.named.get(one.replace(/::.*$/, '')) ?? []);
    return causes[0] ?? inheritedFrom(node, found);
  }
  return inheritedFrom(node, found);
}

/** Whether a constraint is a primary key over a column. */
function demandsValue(constraint: NodeDraft, column: string): boolean {
  const definition = text(propertiesOf(constraint)['definition']);
  return definition.startsWith('PRIMARY KEY ') && hasWord(definition, column);
}

/** The column that takes NULL now, or no longer does: that tells more than the constraint, which has a name since PostgreSQL 18. */
function columnOfNotNull(constraint: NodeDraft, { changed }: Found): NodeDraft | null {
  const definition = text(propertiesOf(constraint)['definition']);
  const column = /^NOT NULL (?<name>"(?:[^"]|"")*"|[^ ]+)/.exec(definition)?.groups?.['name'];
  if (column === undefined) return null;
  const name = `${withoutLast(constraint.name)}.${column}`;
  const cause = changed.get(keyOf({ kind: 'column', name, change: 'changed' }));
  return cause?.own.some(({ property }) => property === 'notNull') === true ? cause : null;
}

function plain(name: string): string {
  return name.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
}

function columnsOf(relation: string, { parts: found }: Found): readonly NodeDraft[] {
  return (found.get(relation) ?? []).filter(({ kind }) => kind === 'column');
}

/** Rows differ in content where a column is gone or new; not where an example shows that another column differs too. */
function causeOfRows(node: NodeDraft, found: Found): NodeDraft | null {
  const [column, ...others] = columnsOf(node.name, found);
  if (column === undefined || node.own.some(({ property }) => property !== 'content')) return null;
  const known = new Set([column, ...others].map(({ name }) => plain(lastOf(name))));
  const examples = node.own.flatMap((one) => one.examples ?? []);
  const explained = examples.every((one) => one.change === 'changed' && one.columns.every((name) => known.has(name)));
  return explained ? column : null;
}
