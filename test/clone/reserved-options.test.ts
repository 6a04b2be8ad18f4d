import { expect, it } from 'vitest';
import { restorePlan } from '../../src/clone/dump/schema.ts';
import { loadParser } from '../../src/release/index.ts';

it.each([
  ['ALTER TABLE ONLY public.names ALTER COLUMN name SET (pg_attver=26489136)', null],
  [
    'ALTER TABLE ONLY public.names ALTER COLUMN name SET (n_distinct=5, pg_attver=17)',
    'ALTER TABLE ONLY public.names ALTER COLUMN name SET (n_distinct=5)',
  ],
  [
    'ALTER TABLE ONLY public.names ALTER COLUMN name SET (pg_attver=17, n_distinct=5)',
    'ALTER TABLE ONLY public.names ALTER COLUMN name SET (n_distinct=5)',
  ],
  ['ALTER TABLE ONLY public.names ALTER COLUMN name SET (n_distinct=5)', 'the same'],
  ['ALTER TABLE ONLY public.names ALTER COLUMN name SET STATISTICS 5', 'the same'],
  ["COMMENT ON TABLE public.names IS 'SET (pg_attver=17)'", 'the same'],
])('a dump is restored without what the server keeps for itself in options of a column: %s', async (sql, kept) => {
  const source = { extensions: [], identities: [] };
  const { statements } = restorePlan(await loadParser(), {
    text: `${sql};\n`,
    section: 'pre-data',
    source,
    settings: new Set(),
  });
  expect(statements.map((one) => one.sql)).toEqual(kept === null ? [] : [kept === 'the same' ? sql : kept]);
});
