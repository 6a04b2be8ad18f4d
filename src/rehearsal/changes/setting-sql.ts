import { type Json } from '../../core/index.ts';
import {
  isList,
  type NamedObject,
  objectWords,
  onOneLine,
  partsOf,
  sequenceWords,
  sqlQuoted,
  jsonText,
} from './object-sql.ts';

/** The statements that restore a property of an object; empty if unknown. */
export function setting(
  object: NamedObject,
  of: { readonly property: string; readonly before: Json; readonly after: Json },
): readonly string[] {
  const { kind, name } = object;
  const { property, before, after } = of;
  const { relation, own } = partsOf(name);
  const words = objectWords(object);
  if (property === 'privileges' && isList(before) && isList(after)) return granting(object, before, after);
  if (property === 'comment' && words !== null)
    return [`comment on ${words} is ${before === null ? 'null' : sqlQuoted(jsonText(before))};`];
  if (property === 'owner' && words !== null && kind !== 'column')
    return [`alter ${words} owner to ${jsonText(before)};`];
  if (kind === 'column') return ofColumn(name, of);
  if (kind === 'sequence') return ofSequence(name, of);
  if (kind === 'table' && property === 'persistence')
    return [`alter table ${name} set ${before === 'u' ? 'unlogged' : 'logged'};`];
  if (kind === 'table' && property === 'replicaIdentity') {
    const words: Readonly<Record<string, string>> = { d: 'default', n: 'nothing', f: 'full' };
    const known = words[jsonText(before)];
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
    return ofOptions(`alter ${kind} ${name}`, before, after);
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
    return [`alter table ${relation} ${states[jsonText(before)] ?? 'enable'} trigger ${own};`];
  }
  const definition = onOneLine(jsonText(before).replace(/;\s*$/, ''));
  if (kind === 'view' && property === 'definition' && definition !== '')
    return [`create or replace view ${name} as ${definition};`];
  return [];
}

function ofSequence(name: string, of: { readonly property: string; readonly before: Json }): readonly string[] {
  const { property, before } = of;
  if (property === 'cycle') return [`alter sequence ${name} ${before === true ? '' : 'no '}cycle;`];
  if (property === 'ownedBy')
    return jsonText(before).endsWith(' i')
      ? []
      : [`alter sequence ${name} owned by ${jsonText(before).replace(/ a$/, '') || 'none'};`];
  const word = sequenceWords.find(([known]) => known === property)?.[1];
  return word === undefined ? [] : [`alter sequence ${name} ${word} ${jsonText(before)};`];
}

function ofColumn(
  name: string,
  of: { readonly property: string; readonly before: Json; readonly after: Json },
): readonly string[] {
  const { relation, own } = partsOf(name);
  const alter = `alter table ${relation} alter column ${own}`;
  switch (of.property) {
    case 'type':
      return [`${alter} type ${jsonText(of.before)};`];
    case 'notNull':
      return [`${alter} ${of.before === true ? 'set' : 'drop'} not null;`];
    case 'default':
      return [`${alter} ${of.before === null ? 'drop default' : `set default ${jsonText(of.before)}`};`];
    case 'storage': {
      const words: Readonly<Record<string, string>> = { p: 'plain', e: 'external', m: 'main', x: 'extended' };
      const known = words[jsonText(of.before)];
      return known === undefined ? [] : [`${alter} set storage ${known};`];
    }
    case 'compression': {
      const words: Readonly<Record<string, string>> = { '': 'default', p: 'pglz', l: 'lz4' };
      const known = words[jsonText(of.before)];
      return known === undefined ? [] : [`${alter} set compression ${known};`];
    }
    case 'identity':
      return jsonText(of.before) === '' ? [`${alter} drop identity;`] : [];
    case 'options':
      return ofOptions(alter, of.before, of.after);
    case 'statistics':
      return [`${alter} set statistics ${of.before === null ? '-1' : JSON.stringify(of.before)};`];
    default:
      return [];
  }
}

/** Takes away the options that are there, and sets those that were. */
function ofOptions(alter: string, before: Json, after: Json): readonly string[] {
  const [was, is] = [entries(before), entries(after)];
  return [
    ...(is.length === 0 ? [] : [`${alter} reset (${is.map(([key]) => key).join(', ')});`]),
    ...(was.length === 0
      ? []
      : [`${alter} set (${was.map(([key, value]) => `${key} = ${sqlQuoted(value)}`).join(', ')});`]),
  ];
}

/** `name=value` entries of a list of options. */
function entries(value: Json): readonly (readonly [string, string])[] {
  const all = isList(value) ? value.map(jsonText) : [];
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

function granting({ kind, name }: NamedObject, before: readonly Json[], after: readonly Json[]): readonly string[] {
  const { relation, own } = partsOf(name);
  const on = kind === 'column' ? `table ${relation}` : `${grantable[kind] ?? ''} ${name}`;
  if (kind !== 'column' && grantable[kind] === undefined) return [];
  const [was, is] = [before.map(jsonText), after.map(jsonText)];
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
