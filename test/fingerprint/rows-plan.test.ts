import { expect, test } from 'vitest';
import { chunks, divide, type CatalogRelation } from '../../src/fingerprint/rows/plan.ts';

const megabyte = 1024 * 1024;

function relation(name: string, of: Partial<CatalogRelation>): CatalogRelation {
  const pages = of.pages ?? 0;
  return {
    schema: 'public',
    table: name,
    name: `public.${name}`,
    kind: 'r',
    columns: [],
    forms: {},
    reason: null,
    populated: true,
    oid: '1',
    file: '1',
    heap: true,
    toast: '0',
    bytes: pages * 8192,
    ...of,
    pages,
  };
}

test('the pieces of a big table follow each other without a gap, and the last one is open', () => {
  for (const [pages, workers] of [
    [12_801, 2],
    [4_000_000, 8],
    [600, 1],
  ] as const) {
    const pieces = divide([relation('big', { pages })], workers).flatMap((batch) => batch.pieces);
    const sorted = pieces.toSorted((a, b) => (a.from ?? 0) - (b.from ?? 0));
    expect(sorted[0]?.from).toBe(null);
    expect(sorted.at(-1)?.to).toBe(null);
    for (const [at, piece] of sorted.entries()) if (at > 0) expect(piece.from).toBe(sorted[at - 1]?.to);
    expect(pieces.every(({ bytes }) => bytes <= 200 * megabyte)).toBe(true);
  }
  expect(divide([relation('big', { pages: 128 * 1024 })], 2)).toHaveLength(16);
});

test('a thousand small tables take few queries, each of them in exactly one', () => {
  const tables = Array.from({ length: 1000 }, (_, n) => relation(`t${n}`, { pages: 1, oid: String(n) }));
  const batches = divide(tables, 4);
  expect(batches.length).toBeLessThanOrEqual(20);
  const names = batches.flatMap((batch) => batch.pieces.map(({ of }) => of.name));
  expect(names.toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
});

test('what is largest is read first, and a table without pages or of another access method is one piece', () => {
  const batches = divide(
    [
      relation('small', { pages: 1 }),
      relation('columnar', { pages: 100_000, heap: false }),
      relation('big', { pages: 50_000 }),
      relation('toasted', { pages: 0, bytes: 900 * megabyte }),
    ],
    2,
  );
  expect(batches[0]?.pieces).toMatchObject([{ of: { table: 'toasted' }, from: null, to: null }]);
  expect(batches[1]?.pieces).toMatchObject([{ of: { table: 'columnar' }, from: null, to: null }]);
  expect(batches.at(-1)?.pieces).toMatchObject([{ of: { table: 'small' } }]);
  expect(chunks([1, 2, 3], 2)).toEqual([[1, 2], [3]]);
});
