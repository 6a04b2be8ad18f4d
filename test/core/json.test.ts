import fc from 'fast-check';
import { canonicalize } from 'json-canonicalize';
import { describe, expect, test } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { id } from '../../src/database/index.ts';
import { count } from '../counts.ts';

describe('canonical JSON', () => {
  test('sorts keys by code unit and writes the shortest numbers, as RFC 8785 has it', () => {
    expect(canonicalJson({ b: [1.0, 1e30, 4.5, 2e-3, 1e-27], a: '€\u000f\n"\\', '\u20ac': null })).toBe(
      '{"a":"€\\u000f\\n\\"\\\\","b":[1,1e+30,4.5,0.002,1e-27],"€":null}',
    );
  });

  test('is the text that another program of RFC 8785 writes, of any value', () => {
    const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 });
    let differing = 0;
    fc.assert(
      fc.property(value, (one) => {
        const ours = canonicalJson(one);
        expect(canonicalize(one)).toBe(ours);
        // what JSON.stringify writes is the same only where the keys happen to be in order
        if (JSON.stringify(one) !== ours) differing += 1;
      }),
      { numRuns: count('canonicalValues') },
    );
    expect(differing).toBeGreaterThan(0);
  });

  test.each([[Number.NaN], ['\ud800'], [() => 1]])('refuses %s with JSON_NOT_CANONICAL', (value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'JSON_NOT_CANONICAL' }));
  });
});

describe('a digest', () => {
  test('tells apart where one part ends, and what it was made for', () => {
    expect(digest('step', ['ab', 'c'])).not.toBe(digest('step', ['a', 'bc']));
    expect(digest('step', ['a'])).not.toBe(digest('seal', ['a']));
  });
});

test('a name that cannot be quoted is INTERNAL', () => {
  expect(() => id('')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
});
