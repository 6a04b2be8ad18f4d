import { type Json } from '../../core/index.ts';
import { type DifferenceNode } from '../../fingerprint/index.ts';

/** The name of an object, quoted as in SQL, in its parts. */
export function partsOf(name: string): { readonly relation: string; readonly own: string } {
  const own = /(?:"(?:[^"]|"")*"|[^."]+)$/.exec(name)?.[0] ?? name;
  return { relation: name.slice(0, -own.length - 1), own };
}

/** A name without its quotes. */
export function unquoted(name: string): string {
  return name.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
}

/** A text as a constant of SQL. */
export function sqlQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export type NamedObject = Pick<DifferenceNode, 'kind' | 'name'>;

/** Kinds whose DROP, ALTER and COMMENT name them by their kind and name. */
const plain =
  /^(table|view|materialized view|foreign table|sequence|index|schema|extension|type|domain|function|procedure|collation|conversion|language|event trigger|publication|subscription|server|foreign data wrapper|access method|operator|statistics|text search (?:configuration|dictionary|parser|template)|cast)$/;

/** The words that name an object in a statement; null if unknown. */
export function objectWords({ kind, name }: NamedObject): string | null {
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
export function dropping(object: NamedObject): string | null {
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

export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function jsonText(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A definition without its line breaks; empty if one is in a constant or a name, because removing it would change that. */
export function onOneLine(definition: string): string {
  const pieces = definition.split(/('(?:[^']|'')*'|"(?:[^"]|"")*")/);
  if (pieces.some((piece, n) => n % 2 === 1 && piece.includes('\n'))) return '';
  return pieces
    .map((piece, n) => (n % 2 === 1 ? piece : piece.replace(/\s+/g, ' ')))
    .join('')
    .trim();
}

/** The properties of a sequence, and the words for them. */
export const sequenceWords = [
  ['type', 'as'],
  ['increment', 'increment by'],
  ['min', 'minvalue'],
  ['max', 'maxvalue'],
  ['start', 'start with'],
  ['cache', 'cache'],
] as const;
