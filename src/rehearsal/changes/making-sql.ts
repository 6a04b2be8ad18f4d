import { type Json } from '../../core/index.ts';
import { type DifferenceNode } from '../../fingerprint/index.ts';
import { isList, onOneLine, partsOf, propertiesOf, sequenceWords, sqlQuoted, jsonText } from './object-sql.ts';
import { setting } from './setting-sql.ts';

/** The statements that make an object again with its options, privileges and comment; empty where its properties do not tell. */
export function making(node: DifferenceNode): readonly string[] {
  const made = creating(node);
  if (made === null) return [];
  const { options = [], privileges = [], comment = null, owner = null } = propertiesOf(node);
  const given = isList(privileges)
    ? privileges.filter((one) => !jsonText(one).includes(` to ${jsonText(owner)} `))
    : [];
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
  const definition = onOneLine(jsonText(of['definition']).replace(/;\s*$/, ''));
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
      return definition === ''
        ? null
        : `alter ${isOfDomain(definition) ? 'domain' : 'table'} ${relation} add constraint ${own} ${definition};`;
    case 'domain':
      return domain(name, of);
    case 'schema':
      return `create schema ${name};`;
    case 'extension':
      return `create extension ${name} schema ${jsonText(of['schema'])} version ${sqlQuoted(jsonText(of['version']))};`;
    case 'policy':
      return policy(relation, own, of);
    case 'column':
      return column(relation, own, of);
    case 'sequence':
      return sequence(name, of);
    case 'type':
      return isList(of['labels'] ?? null)
        ? `create type ${name} as enum (${(of['labels'] as readonly Json[]).map((label) => sqlQuoted(jsonText(label))).join(', ')});`
        : null;
    default:
      return null;
  }
}

/** A check of a domain is about VALUE, which the server writes in capitals, and a column of that name in quotes; NOT NULL names no column. */
function isOfDomain(definition: string): boolean {
  const code = definition.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '');
  return /^(CHECK\b.*\bVALUE\b|NOT NULL$)/s.test(code);
}

function domain(name: string, of: Readonly<Record<string, Json>>): string | null {
  const base = jsonText(of['base']);
  return base === ''
    ? null
    : `create domain ${name} as ${columnWords({ ...of, type: base })}${of['notNull'] === true ? ' not null' : ''};`;
}

function policy(relation: string, own: string, of: Readonly<Record<string, Json>>): string {
  const commands: Readonly<Record<string, string>> = { r: 'select', a: 'insert', w: 'update', d: 'delete' };
  const command = commands[jsonText(of['command'])];
  const roles = isList(of['roles'] ?? null) ? (of['roles'] as readonly Json[]).map(jsonText).join(', ') : 'public';
  return [
    `create policy ${own} on ${relation}`,
    ...(of['permissive'] === false ? ['as restrictive'] : []),
    ...(command === undefined ? [] : [`for ${command}`]),
    `to ${roles}`,
    ...(jsonText(of['using']) === '' ? [] : [`using (${jsonText(of['using'])})`]),
    ...(jsonText(of['withCheck']) === '' ? [] : [`with check (${jsonText(of['withCheck'])})`]),
  ]
    .join(' ')
    .concat(';');
}

/** A sequence of its own; that of an identity column comes with the column. */
function sequence(name: string, of: Readonly<Record<string, Json>>): string | null {
  return jsonText(of['ownedBy']).endsWith(' i') ? null : `create sequence ${sequenceWith(name, of)};`;
}

/** A sequence with its options, as CREATE SEQUENCE and the options of an identity column name them. */
export function sequenceWith(name: string, of: Readonly<Record<string, Json>>, without?: 'its type'): string {
  const words = sequenceWords.flatMap(([property, word]) => {
    const value = jsonText(of[property]);
    return value === '' || (property === 'type' && without !== undefined) ? [] : [`${word} ${value}`];
  });
  return `${name} ${words.join(' ')}${of['cycle'] === true ? ' cycle' : ''}`;
}

/** A column without NOT NULL, which its values must come before. */
function column(relation: string, own: string, of: Readonly<Record<string, Json>>): string | null {
  if (jsonText(of['type']) === '' || jsonText(of['identity']) !== '') return null;
  return `alter table ${relation} add column ${own} ${columnWords(of)};`;
}

/** Type, collation and default of a column, or how it is generated. */
export function columnWords(of: Readonly<Record<string, Json>>): string {
  const value = jsonText(of['default']);
  const generated = jsonText(of['generated']);
  const collation = jsonText(of['collation']);
  return [
    jsonText(of['type']),
    ...(collation === '' || collation === 'pg_catalog."default"' ? [] : [`collate ${collation}`]),
    ...(value === ''
      ? []
      : [
          generated === ''
            ? `default ${value}`
            : `generated always as (${value}) ${generated === 'v' ? 'virtual' : 'stored'}`,
        ]),
  ].join(' ');
}
