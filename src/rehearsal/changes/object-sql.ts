import { type Json } from '../../core/index.ts';
import { type DifferenceNode } from '../../fingerprint/index.ts';

/** The name of an object, quoted as in SQL, in its parts. */
export function partsOf(name: string): { readonly relation: string; readonly own: string } {
  const own = /(?:"(?:[^"]|"")*"|[^."]+)$/.exec(name)?.[0] ?? name;
  return { relation: name.slice(0, -own.length - 1), own };
}

/** A text as a constant of SQL. */
export function sqlQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

type Named = Pick<DifferenceNode, 'kind' | 'name'>;

/** Kinds whose DROP, ALTER and COMMENT name them by their kind and name. */
const plain =
  /^(table|view|materialized view|foreign table|sequence|index|schema|extension|type|domain|function|procedure|collation|conversion|language|event trigger|publication|subscription|server|foreign data wrapper|access method|operator|statistics|text search (?:configuration|dictionary|parser|template)|cast)$/;

/** The words that name an object in a statement; null if unknown. */
export function objectWords({ kind, name }: Named): string | null {
  const { relation, own } = partsOf(name);
  if (kind === 'aggregate') return `aggregate ${name.endsWith('()') ? `${name.slice(0, -1)}*)` : name}`;
  if (kind === 'column') return `column ${name}`;
  if (kind === 'trigger' || kind === 'policy' || kind === 'rule' || kind === 'constraint')
    return `${kind} ${own} on ${relation}`;
  if (kind === 'transform') return `transform for ${name.replace(/ for (?=[^ ]+$)/, ' language ')}`;
  if (kind === 'operator class' || kind === 'operator family') return `${kind} ${name}`;
  return plain.test(kind) ? `${kind} ${name}` : null;
}

/** The statement that drops an object; null if unknown. */
export function dropping(object: Named): string | null {
  const { kind, name } = object;
  const { relation, own } = partsOf(name);
  switch (kind) {
    case 'column':
      return `alter table ${relation} drop column ${own};`;
    case 'constraint':
      return `alter table ${relation} drop constraint ${own};`;
    case 'user mapping':
      return `drop user mapping for ${name.replace(/^(.*) for (.*)$/s, '$2 server $1')};`;
    case 'publication table':
      return `alter publication ${name.replace(/ of /, ' drop table ')};`;
    case 'large object':
      return `select lo_unlink(${name});`;
    default: {
      const words = objectWords(object);
      return words === null ? null : `drop ${words};`;
    }
  }
}

/** The properties of a dropped object. */
export function propertiesOf(node: DifferenceNode): Readonly<Record<string, Json>> {
  const value = node.own[0]?.before ?? null;
  return typeof value === 'object' && !isList(value) && value !== null ? value : {};
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The statements that make an object again with its options, privileges and comment; empty where its properties do not tell. */
export function making(node: DifferenceNode): readonly string[] {
  const made = creating(node);
  if (made === null) return [];
  const { options = [], privileges = [], comment = null, owner = null } = propertiesOf(node);
  const given = isList(privileges) ? privileges.filter((one) => !text(one).includes(` to ${text(owner)} `)) : [];
  return [
    made,
    ...(node.kind.endsWith('view') ? setting(node, { property: 'options', before: options, after: [] }) : []),
    ...setting(node, { property: 'privileges', before: given, after: [] }),
    ...(comment === null ? [] : setting(node, { property: 'comment', before: comment, after: null })),
  ];
}

/** The statement that makes an object again; null where its properties do not tell. */
function creating(node: DifferenceNode): string | null {
  const { kind, name } = node;
  const of = propertiesOf(node);
  const { relation, own } = partsOf(name);
  const definition = onOneLine(text(of['definition']).replace(/;\s*$/, ''));
  switch (kind) {
    case 'view':
    case 'materialized view':
      return definition === '' ? null : `create ${kind} ${name} as ${definition};`;
    case 'index':
    case 'trigger':
    case 'statistics':
    case 'rule':
      return definition === '' || typeof of['constraint'] === 'string' ? null : `${definition};`;
    case 'constraint':
      return definition === '' ? null : `alter table ${relation} add constraint ${own} ${definition};`;
    case 'schema':
      return `create schema ${name};`;
    case 'extension':
      return `create extension ${name} schema ${text(of['schema'])} version ${sqlQuoted(text(of['version']))};`;
    case 'policy':
      return policy(relation, own, of);
    case 'column':
      return column(relation, own, of);
    case 'sequence':
      return sequence(name, of);
    case 'type':
      return isList(of['labels'] ?? null)
        ? `create type ${name} as enum (${(of['labels'] as readonly Json[]).map((label) => sqlQuoted(text(label))).join(', ')});`
        : null;
    default:
      return null;
  }
}

/** A definition without its line breaks; empty if one is in a constant or a name, because removing it would change that. */
function onOneLine(definition: string): string {
  const pieces = definition.split(/('(?:[^']|'')*'|"(?:[^"]|"")*")/);
  if (pieces.some((piece, n) => n % 2 === 1 && piece.includes('\n'))) return '';
  return pieces
    .map((piece, n) => (n % 2 === 1 ? piece : piece.replace(/\s+/g, ' ')))
    .join('')
    .trim();
}

function policy(relation: string, own: string, of: Readonly<Record<string, Json>>): string {
  const commands: Readonly<Record<string, string>> = { r: 'select', a: 'insert', w: 'update', d: 'delete' };
  const command = commands[text(of['command'])];
  const roles = isList(of['roles'] ?? null) ? (of['roles'] as readonly Json[]).map(text).join(', ') : 'public';
  return [
    `create policy ${own} on ${relation}`,
    ...(of['permissive'] === false ? ['as restrictive'] : []),
    ...(command === undefined ? [] : [`for ${command}`]),
    `to ${roles}`,
    ...(text(of['using']) === '' ? [] : [`using (${text(of['using'])})`]),
    ...(text(of['withCheck']) === '' ? [] : [`with check (${text(of['withCheck'])})`]),
  ]
    .join(' ')
    .concat(';');
}

/** A sequence of its own; that of an identity column comes with the column. */
function sequence(name: string, of: Readonly<Record<string, Json>>): string | null {
  if (text(of['ownedBy']).endsWith(' i')) return null;
  const words = sequenceWords.flatMap(([property, word]) => {
    const value = text(of[property]);
    return value === '' ? [] : [`${word} ${value}`];
  });
  return `create sequence ${name} ${words.join(' ')}${of['cycle'] === true ? ' cycle' : ''};`;
}

/** The properties of a sequence, and the words for them. */
const sequenceWords = [
  ['type', 'as'],
  ['increment', 'increment by'],
  ['min', 'minvalue'],
  ['max', 'maxvalue'],
  ['start', 'start with'],
  ['cache', 'cache'],
] as const;

/** A column without NOT NULL, which its values must come before. */
function column(relation: string, own: string, of: Readonly<Record<string, Json>>): string | null {
  const type = text(of['type']);
  if (type === '' || text(of['identity']) !== '') return null;
  const value = text(of['default']);
  const generated = text(of['generated']) !== '';
  const collation = text(of['collation']);
  return [
    `alter table ${relation} add column ${own} ${type}`,
    ...(collation === '' || collation === 'pg_catalog."default"' ? [] : [`collate ${collation}`]),
    ...(value === '' ? [] : [generated ? `generated always as (${value}) stored` : `default ${value}`]),
  ]
    .join(' ')
    .concat(';');
}

/** The statements that restore a property of an object; empty if unknown. */
export function setting(
  object: Named,
  of: { readonly property: string; readonly before: Json; readonly after: Json },
): readonly string[] {
  const { kind, name } = object;
  const { property, before, after } = of;
  const { relation, own } = partsOf(name);
  const words = objectWords(object);
  if (property === 'privileges' && isList(before) && isList(after)) return granting(object, before, after);
  if (property === 'comment' && words !== null)
    return [`comment on ${words} is ${before === null ? 'null' : sqlQuoted(text(before))};`];
  if (property === 'owner' && words !== null && kind !== 'column') return [`alter ${words} owner to ${text(before)};`];
  if (kind === 'column') return ofColumn(name, of);
  if (kind === 'sequence') return ofSequence(name, of);
  if (kind === 'table' && property === 'persistence')
    return [`alter table ${name} set ${before === 'u' ? 'unlogged' : 'logged'};`];
  if (kind === 'table' && property === 'replicaIdentity') {
    const words: Readonly<Record<string, string>> = { d: 'default', n: 'nothing', f: 'full' };
    const known = words[text(before)];
    return known === undefined ? [] : [`alter table ${name} replica identity ${known};`];
  }
  if (kind === 'index' && property === 'constraint' && typeof before === 'string') return [];
  if ((kind === 'function' || kind === 'procedure') && property === 'settings')
    return [
      `alter ${kind} ${name} reset all;`,
      ...entries(before).map(([key, value]) => `alter ${kind} ${name} set ${key} = ${value};`),
    ];
  if ((kind === 'function' || kind === 'procedure') && property === 'securityDefiner')
    return [`alter ${kind} ${name} security ${before === true ? 'definer' : 'invoker'};`];
  if (/view$|^table$|^index$/.test(kind) && property === 'options')
    return [
      ...(entries(after).length === 0
        ? []
        : [
            `alter ${kind} ${name} reset (${entries(after)
              .map(([key]) => key)
              .join(', ')});`,
          ]),
      ...(entries(before).length === 0
        ? []
        : [
            `alter ${kind} ${name} set (${entries(before)
              .map(([key, value]) => `${key} = ${sqlQuoted(value)}`)
              .join(', ')});`,
          ]),
    ];
  if (kind === 'table' && property === 'rowSecurity')
    return [`alter table ${name} ${before === true ? 'enable' : 'disable'} row level security;`];
  if (kind === 'table' && property === 'forceRowSecurity')
    return [`alter table ${name} ${before === true ? '' : 'no '}force row level security;`];
  if (kind === 'trigger' && property === 'enabled') {
    const states: Readonly<Record<string, string>> = {
      O: 'enable',
      D: 'disable',
      R: 'enable replica',
      A: 'enable always',
    };
    return [`alter table ${relation} ${states[text(before)] ?? 'enable'} trigger ${own};`];
  }
  const definition = onOneLine(text(before).replace(/;\s*$/, ''));
  if (kind === 'view' && property === 'definition' && definition !== '')
    return [`create or replace view ${name} as ${definition};`];
  return [];
}

function ofSequence(name: string, of: { readonly property: string; readonly before: Json }): readonly string[] {
  const { property, before } = of;
  if (property === 'cycle') return [`alter sequence ${name} ${before === true ? '' : 'no '}cycle;`];
  if (property === 'ownedBy')
    return text(before).endsWith(' i') ? [] : [`alter sequence ${name} owned by ${text(before).replace(/ a$/, '') || 'none'};`];
  const word = sequenceWords.find(([known]) => known === property)?.[1];
  return word === undefined ? [] : [`alter sequence ${name} ${word} ${text(before)};`];
}

function ofColumn(name: string, of: { readonly property: string; readonly before: Json }): readonly string[] {
  const { relation, own } = partsOf(name);
  const alter = `alter table ${relation} alter column ${own}`;
  switch (of.property) {
    case 'type':
      return [`${alter} type ${text(of.before)};`];
    case 'notNull':
      return [`${alter} ${of.before === true ? 'set' : 'drop'} not null;`];
    case 'default':
      return [`${alter} ${of.before === null ? 'drop default' : `set default ${text(of.before)}`};`];
    case 'storage': {
      const words: Readonly<Record<string, string>> = { p: 'plain', e: 'external', m: 'main', x: 'extended' };
      const known = words[text(of.before)];
      return known === undefined ? [] : [`${alter} set storage ${known};`];
    }
    case 'compression': {
      const words: Readonly<Record<string, string>> = { '': 'default', p: 'pglz', l: 'lz4' };
      const known = words[text(of.before)];
      return known === undefined ? [] : [`${alter} set compression ${known};`];
    }
    case 'identity':
      return text(of.before) === '' ? [`${alter} drop identity;`] : [];
    case 'statistics':
      return [`${alter} set statistics ${of.before === null ? '-1' : JSON.stringify(of.before)};`];
    default:
      return [];
  }
}

/** `name=value` entries of a list of options. */
function entries(value: Json): readonly (readonly [string, string])[] {
  const all = isList(value) ? value.map(text) : [];
  return all.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)] as const);
}

/** The word for an object in GRANT, if it is not its kind. */
const grantable: Readonly<Record<string, string>> = {
  table: 'table',
  view: 'table',
  'materialized view': 'table',
  'foreign table': 'table',
  sequence: 'sequence',
  function: 'function',
  procedure: 'procedure',
  schema: 'schema',
  type: 'type',
  domain: 'type',
  language: 'language',
  server: 'foreign server',
  'foreign data wrapper': 'foreign data wrapper',
};

function granting({ kind, name }: Named, before: readonly Json[], after: readonly Json[]): readonly string[] {
  const { relation, own } = partsOf(name);
  const on = kind === 'column' ? `table ${relation}` : `${grantable[kind] ?? ''} ${name}`;
  if (kind !== 'column' && grantable[kind] === undefined) return [];
  const [was, is] = [before.map(text), after.map(text)];
  const parsed = (entry: string): readonly string[] =>
    /^(.+?) to (.+?)( with grant option)? by .+$/.exec(entry)?.slice(1) ?? [];
  const what = (privilege: string): string => (kind === 'column' ? `${privilege} (${own})` : privilege);
  return [
    ...is
      .filter((entry) => !was.includes(entry))
      .map((entry) => `revoke ${what(parsed(entry)[0] ?? '')} on ${on} from ${parsed(entry)[1] ?? ''};`),
    ...was
      .filter((entry) => !is.includes(entry))
      .map(
        (entry) =>
          `grant ${what(parsed(entry)[0] ?? '')} on ${on} to ${parsed(entry)[1] ?? ''}${parsed(entry)[2] ?? ''};`,
      ),
  ];
}
