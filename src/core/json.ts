import { stated } from './stated.ts';
import { OneRoofError } from './errors.ts';

/**
 * Writes a JSON value as RFC 8785 canonical text: keys sorted by UTF-16 code unit, no white space, shortest numbers.
 *
 * Errors  JSON_NOT_CANONICAL for a number that is not finite, a lone surrogate, or a value that JSON cannot hold.
 * Source  RFC 8785 sections 3.2.2 and 3.2.3.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notCanonical(`the number ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw notCanonical('a string with a lone surrogate');
    return JSON.stringify(value);
  }
  // loops, one frame a level: what an evidence holds may be nested thousands deep
  if (Array.isArray(value)) {
    const items: string[] = [];
    for (const item of value) items.push(canonicalJson(item));
    return `[${items.join(',')}]`;
  }
  if (typeof value === 'object') {
    const members: string[] = [];
    for (const [key, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      if (member !== undefined) members.push(`${canonicalJson(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw notCanonical(`a ${typeof value}`);
}

/**
 * Writes a JSON value for people and programs, indented. What a terminal would obey or hide (control, bidirectional and invisible characters) is
 * spelled as an escape, so it is the same value.
 */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function notCanonical(what: string): OneRoofError {
  return new OneRoofError('JSON_NOT_CANONICAL', {
    ...stated`${{ value: what }} has no canonical JSON form`,
    fix: 'this is a defect of One Roof: please report it with the command that you ran',
  });
}
