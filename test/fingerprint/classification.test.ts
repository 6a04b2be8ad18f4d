import { describe, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { classification } from '../../src/fingerprint/schema/classification.ts';
import { captureSchema } from '../../src/fingerprint/index.ts';
import { runSql, serverConnection, versions, withDatabase, withSession } from '../database.io.ts';
import { sampleOf } from '../counts.ts';
import { changes, rows } from './classification.changes.ts';
import { fixture } from './classification.fixture.ts';
import { type Version } from '../binaries.io.ts';

/** Catalogue, column and type, as the server has them. */
async function catalogColumns(version: Version): Promise<readonly (readonly [string, string, string])[]> {
  const found = await withSession(serverConnection(version), (session) =>
    session.query<{ catalog: string; column: string; type: string }>(sql`
      select c.relname as catalog, a.attname as "column", a.atttypid::regtype::text as type from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.relkind = 'r' and c.relnamespace = 'pg_catalog'::regnamespace and c.oid < 16384 and a.attnum > 0 and not a.attisdropped`),
  );
  return found.map(({ catalog, column, type }) => [catalog, column, type]);
}

const listed = Object.entries(classification).flatMap(([catalog, entries]) =>
  entries.flatMap((entry) => entry.columns.split(' ').map((column) => ({ catalog, column, class: entry.class }))),
);

describe('the table of catalogues', () => {
  test.each(versions)('classifies every column that PostgreSQL %s has', async (version) => {
    const names = new Set(listed.map(({ catalog, column }) => `${catalog}.${column.replace(/@14$/, '')}`));
    const missing = (await catalogColumns(version)).filter(
      ([catalog, column]) => !names.has(`${catalog}.${column}`) && !names.has(`${catalog}.*`),
    );
    expect(missing).toEqual([]);
  });

  const both = versions.includes('18') && versions.includes('15');
  test.runIf(both)('names nothing that no version has', async () => {
    const there = new Set(
      (await Promise.all(versions.map(catalogColumns)))
        .flat()
        .flatMap(([catalog, column]) => [`${catalog}.*`, `${catalog}.${column}`]),
    );
    const wrong = listed.filter(({ catalog, column }) => !there.has(`${catalog}.${column}`) && !column.endsWith('@14'));
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

/** A statement that changes the value of one column in one row. */
function change(catalog: string, column: string, type: string): string {
  const wanted = changes[`${catalog}.${column}`] ?? byType(column, type);
  const { to, at } = typeof wanted === 'string' ? { to: wanted, at: rows[catalog] } : wanted;
  return /^(drop|delete) /.test(to) ? to : `update pg_catalog.${catalog} set ${column} = ${to} where ${at}`;
}

function byType(column: string, type: string): string {
  if (type === 'oid' && column.endsWith('owner')) return `'pg_monitor'::regrole`;
  if (column.endsWith('namespace')) return `'h2'::regnamespace`;
  if (type === 'boolean') return `not ${column}`;
  if (type === 'name') return `coalesce(${column}::text, '') || '_other'`;
  if (type === 'text') return `coalesce(${column}, '') || '_other'`;
  if (type === 'text[]') return `array['other=1']`;
  if (type === 'aclitem[]') return `array[makeaclitem('pg_monitor'::regrole, 10, 'USAGE', true)]`;
  if (type === 'regproc') return `'int4mi'::regproc`;
  if (/int|real/.test(type)) return `${column} + 1`;
  return 'no value was chosen';
}

/** 18, and of the others those that have a hashed column of their own. */
const onlyThere = versions.filter((version) => version === '18' || version === '15');

test.each(onlyThere)(
  'on PostgreSQL %s a change of any column that is called hashed changes the fingerprint',
  { timeout: 900_000 },
  async (version) => {
    const elsewhere =
      version === '18' ? [] : (await catalogColumns('18')).map(([catalog, column]) => `${catalog}.${column}`);
    const hashed = (await catalogColumns(version)).filter(
      ([catalog, column]) =>
        !elsewhere.includes(`${catalog}.${column}`) &&
        listed.some((entry) => entry.class === 'hashed' && entry.catalog === catalog && entry.column === column),
    );
    expect(hashed.length).toBeGreaterThan(version === '18' ? 400 : 1);
    await withDatabase(version, async (connection) => {
      await runSql(connection, fixture);
      await withSession(connection, async (session) => {
        await session.run('set allow_system_table_mods = on');
        const before = await captureSchema(session);
        const silent: string[] = [];
        for (const [catalog, column, type] of sampleOf(hashed, { every: 5, kind: ([catalog]) => catalog })) {
          await session.run('begin');
          try {
            const { rows: touched } = await session.run(change(catalog, column, type));
            if (touched === 0) silent.push(`${catalog}.${column}: no row`);
            else if ((await captureSchema(session)).digest === before.digest) silent.push(`${catalog}.${column}`);
          } catch (error) {
            silent.push(`${catalog}.${column}: ${(error as Error).message}`);
          }
          await session.run('rollback');
        }
        // a database with a subscription cannot be dropped
        await session.run('drop subscription sub');
        expect(silent).toEqual([]);
      });
    });
  },
);
