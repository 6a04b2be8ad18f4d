import { describe, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { classification } from '../../src/fingerprint/classification.ts';
import { serverConnection, versions, withSession } from '../database.io.ts';

/** Catalogue and column, as the server has them. */
async function catalogColumns(version: '18' | '15'): Promise<readonly (readonly [string, string])[]> {
  const rows = await withSession(serverConnection(version), (session) =>
    session.query<{ catalog: string; column: string }>(sql`
      select c.relname as catalog, a.attname as "column" from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.relkind = 'r' and c.relnamespace = 'pg_catalog'::regnamespace and c.oid < 16384 and a.attnum > 0 and not a.attisdropped`),
  );
  return rows.map(({ catalog, column }) => [catalog, column]);
}

const listed = Object.entries(classification).flatMap(([catalog, entries]) =>
  entries.flatMap((entry) => entry.columns.split(' ').map((column) => ({ catalog, column, class: entry.class }))),
);

describe('the table of catalogues', () => {
  test.each(versions)('classifies every column that PostgreSQL %s has', async (version) => {
    const names = new Set(listed.map(({ catalog, column }) => `${catalog}.${column}`));
    const missing = (await catalogColumns(version)).filter(
      ([catalog, column]) => !names.has(`${catalog}.${column}`) && !names.has(`${catalog}.*`),
    );
    expect(missing).toEqual([]);
  });

  test('names nothing that no version has', async () => {
    const there = new Set(
      (await Promise.all(versions.map(catalogColumns)))
        .flat()
        .flatMap(([catalog, column]) => [`${catalog}.*`, `${catalog}.${column}`]),
    );
    const wrong = listed.filter(({ catalog, column }) => !there.has(`${catalog}.${column}`) && !column.endsWith('@14'));
    expect(versions).toEqual(['18', '15']);
    expect(wrong).toEqual([]);
  });

  test('gives each column one class, and a reason to each that is not hashed', () => {
    const names = listed.map(({ catalog, column }) => `${catalog}.${column}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(
      Object.values(classification).filter(
        (entries) => entries.length > 1 && entries.some(({ columns }) => columns === '*'),
      ),
    ).toEqual([]);
    expect(
      Object.values(classification)
        .flat()
        .filter((entry) => (entry.class === 'hashed') !== (entry.why === null)),
    ).toEqual([]);
  });
});
