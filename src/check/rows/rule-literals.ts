import { quoted } from './type-values.ts';
import { type Draw, sampleOf } from './regex-sample.ts';

/** A literal of an expression, with the type that it is cast to; empty where it has none. */
export interface RuleLiteral {
  readonly text: string;
  readonly type: string;
}

/** The literals of an expression as PostgreSQL writes it from its catalog: quotes doubled, backslashes only in E''. */
export function literalsOf(expression: string): readonly RuleLiteral[] {
  const found: RuleLiteral[] = [];
  for (const [, escape, string, arrayOrType, name, number] of expression.matchAll(
    /(E?)'((?:[^']|'')*)'(?:::(([\w ."]+)(?:\([\d,]+\))?(?:\[\])?))?|(?<![\w."])(-?\d+(?:\.\d+)?)/g,
  )) {
    if (number !== undefined) found.push({ text: number, type: 'number' });
    // the number of an object, as in the bound of a partition by hash, is another one in each database
    if (string === undefined || name === 'oid') continue;
    const plain = string.replaceAll("''", "'");
    const text = escape === '' ? plain : plain.replaceAll('\\\\', '\\');
    const type = (name ?? '').trim();
    if (arrayOrType?.endsWith('[]') === true)
      for (const item of text.replaceAll(/^\{|\}$/g, '').split(','))
        found.push({ text: item.replaceAll('"', ''), type });
    else found.push({ text, type });
  }
  return found;
}

/** How the values of a type can be made from what an expression names. */
export type Family = 'number' | 'text' | 'time' | 'json' | 'array' | 'bytea' | 'other';

/** The family of a base type, by its name. */
export function familyOf(name: string): Family {
  if (/^(int[248]|numeric|float[48])$/.test(name)) return 'number';
  if (/^(text|varchar|bpchar|name|citext)$/.test(name)) return 'text';
  if (/^(date|timestamp|timestamptz)$/.test(name)) return 'time';
  return name === 'json' || name === 'jsonb' ? 'json' : name === 'bytea' ? 'bytea' : 'other';
}

/** The most characters or elements that a number in an expression makes. */
const longest = 1000;

/** Values that an expression could mean, made of its literals; the server decides which of them it accepts. */
export function valuesFrom(
  literals: readonly RuleLiteral[],
  { family, typeName, isInteger }: { readonly family: Family; readonly typeName: string; readonly isInteger: boolean },
  draw: Draw,
): readonly string[] {
  const numbers = literals.map(({ text }) => text).filter((text) => /^-?\d+(\.\d+)?$/.test(text));
  const strings = literals.filter(({ type }) => type !== 'number').map(({ text }) => text);
  const lengths = [...new Set(numbers.map(Number))].filter((n) => Number.isInteger(n) && n >= 0 && n <= longest);
  switch (family) {
    case 'number':
      return numbers.map(Number).flatMap((n) => near(n, isInteger));
    case 'text':
      return [
        ...strings.flatMap((text) => [text, ...wordsOf(text, draw)]),
        ...lengths.flatMap((n) =>
          [n, n + 1, Math.max(0, n - 1)].flatMap((many) => ['x'.repeat(many), '1'.repeat(many)]),
        ),
      ];
    case 'time':
      return strings.flatMap(moments);
    case 'json':
      return ['[]', '{}', '"x"', '1', 'true', 'null', ...objects(strings)];
    case 'array':
      return ['{}', ...strings.map((text) => `{${quoted(text)}}`), `{${strings.map(quoted).join(',')}}`];
    case 'bytea':
      return lengths.map((n) => `\\x${'5a'.repeat(n)}`);
    case 'other':
      return literals.filter(({ type }) => type === typeName).map(({ text }) => text);
    default:
      return family satisfies never;
  }
}

function near(n: number, isInteger: boolean): readonly string[] {
  const around = [n, n + 1, n - 1, n + 2, n + 5, ...(isInteger ? [] : [n + 0.5, n / 2])];
  return around.filter((one) => !isInteger || Number.isInteger(one)).map(String);
}

/** Texts that a pattern of LIKE or a regular expression could match. */
function wordsOf(text: string, draw: Draw): readonly string[] {
  const like = text.replaceAll('%', 'x').replaceAll('_', 'a');
  const isPattern = /[[\]().*+?^$\\{|]/.test(text);
  return [like, `${text}a`, ...(isPattern ? Array.from({ length: 12 }, () => sampleOf(text, draw)) : [])];
}

const steps = [0, 1, 3600, 86_400, 2 * 86_400, 31 * 86_400, -1, -86_400];

/** The moment of a literal and its neighbours. */
function moments(text: string): readonly string[] {
  const found = /^(\d{4,6}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d))?(?:\.\d+)?(\+00)?$/.exec(text);
  if (found === null) return [];
  const start = Date.parse(`${found[1]}T${found[2] ?? '00:00:00'}Z`);
  if (Number.isNaN(start)) return [];
  return [
    text,
    ...steps.map((seconds) => {
      const whole = new Date(start + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
      return `${whole}${found[3] ?? ''}`;
    }),
  ];
}

function objects(keys: readonly string[]): readonly string[] {
  const values = [1, 'x', null, [], {}, true];
  const each = keys.flatMap((key) => values.map((value) => ({ [key]: value })));
  const all = values.map((value) => Object.fromEntries(keys.map((key) => [key, value])));
  return [...each, ...all].map((one) => JSON.stringify(one));
}
