import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../src/gate/sql');

/** Each `if` whose branch refuses, with its condition. */
function refusals(text: string): readonly string[] {
  const found = text.matchAll(
    /\bif ((?:(?!\bthen\b)[\s\S])*?)\s+then\s+(?:perform gate\.refuse|raise exception|return '|return false|reason := '|return format)/g,
  );
  return [...found].map(([, condition = '']) => condition.replaceAll(/\s+/g, ' ').trim());
}

describe('the SQL of the gate', () => {
  it.each(readdirSync(folder).filter((name) => name !== 'p256.sql.ts'))(
    '%s refuses also where a comparison is null',
    (name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      const open = refusals(text).filter((condition) => !isSafe(condition));
      expect(open).toEqual([]);
    },
  );

  it('is read by a test that can fail', () => {
    expect(refusals("if a <> b then perform gate.refuse('x', 'y'); end if;").filter((one) => !isSafe(one))).toEqual([
      'a <> b',
    ]);
    expect(isSafe('not gate.is_here(leaf)')).toBe(false);
    expect(isSafe("current_query() !~* 'x'")).toBe(false);
    expect(isSafe('(a = b) is not true')).toBe(true);
    expect(isSafe('a is null or b = c')).toBe(false);
  });
});

/** Every part of a condition, cut at its outermost `and` and `or`, has to be one that is never null, whatever is in it. */
function isSafe(condition: string): boolean {
  return partsOf(condition).every((part) => {
    if (/^(?:not )?(?:found$|exists ?\()/.test(part)) return true;
    const grouped = /^(?:not )?\((.*)\)$/s.exec(part)?.[1];
    if (grouped !== undefined && partsOf(part).length === 1 && !/^\s*select\b/.test(grouped) && isClosed(grouped))
      return isSafe(grouped);
    if (/^'[a-z-]+' = any\(asked\.checks\)$/.test(part)) return true;
    const outer = outermost(part);
    return /\bis (?:not )?(?:null|true|false)$/.test(outer) || /\bis (?:not )?distinct from\b/.test(outer);
  });
}

/** Whether the parentheses around a text are one pair. */
function isClosed(text: string): boolean {
  let depth = 0;
  for (const sign of outermostSigns(text)) {
    depth += sign === '(' ? 1 : sign === ')' ? -1 : 0;
    if (depth < 0) return false;
  }
  return true;
}

/** The signs of a text that stand in no string. */
function* outermostSigns(text: string): Generator<string> {
  let quoted = false;
  for (const sign of text) {
    if (sign === "'") quoted = !quoted;
    else if (!quoted) yield sign;
  }
}

/** A text without what stands in parentheses and strings. */
function outermost(text: string): string {
  let depth = 0;
  let found = '';
  for (const sign of outermostSigns(text)) {
    if (sign === ')') depth -= 1;
    if (depth === 0) found += sign;
    if (sign === '(') depth += 1;
  }
  return found.trim();
}

function partsOf(condition: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let part = '';
  for (const token of condition.split(/( and | or |[()'])/)) {
    if (token === "'") quoted = !quoted;
    if (!quoted && token === '(') depth += 1;
    if (!quoted && token === ')') depth -= 1;
    if (!quoted && depth === 0 && (token === ' and ' || token === ' or ')) {
      parts.push(part.trim());
      part = '';
    } else part += token;
  }
  return [...parts, part.trim()];
}
