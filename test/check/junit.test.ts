import { describe, expect, it } from 'vitest';
import { compareBaseline, baselineOf, junitOf, readKnownFaults } from '../../src/check/output/index.ts';
import { sql } from '../../src/database/index.ts';
import { serverConnection, withSession } from '../database.io.ts';
import { faultWith, hazardWith, hostileResult, migrationWith, resultOf } from './output.fixture.ts';

const two = resultOf([
  migrationWith({ id: '1', faults: [faultWith({}), faultWith({ code: 'data-lost' })], hazards: [hazardWith({})] }),
  migrationWith({ id: '2', name: '2_second.up.sql' }),
]);

/** What libxml, in the server, finds in a document; it refuses one that is not well-formed. */
async function found(xml: string, path: string): Promise<readonly string[]> {
  return withSession(serverConnection(), async (session) => {
    const rows = await session.query<{ value: string }>(
      sql`select x::text as value from pg_catalog.unnest(pg_catalog.xpath(${path}::text, xmlparse(document ${xml}::text))) as x`,
    );
    return rows.map(({ value }) => value);
  });
}

describe('JUnit XML', () => {
  it('has a case for each migration, and one failure for each that fails', async () => {
    const xml = junitOf(two, null);
    expect(await found(xml, '/testsuites/testsuite/testcase/@name')).toEqual(['1_first.up.sql', '2_second.up.sql']);
    expect(await found(xml, '/testsuites[@tests="2"][@failures="1"]/testsuite/testcase/failure/@type')).toEqual([
      'schema-not-restored',
    ]);
    const [text] = await found(xml, '//failure/text()');
    expect(text).toContain(
      'migrations/1_first.down.sql:3 schema-not-restored: index public.a_key is missing after the down',
    );
    expect(text).toContain('data-lost');
    expect((await found(xml, '//system-out/text()'))[0]).toContain('index-blocks-writes');
  });

  it('is well-formed with hostile texts, which add no element', async () => {
    const xml = junitOf(hostileResult, null);
    expect(
      await found(
        xml,
        '//*[not(self::testsuites or self::testsuite or self::testcase or self::failure or self::system-out)]',
      ),
    ).toEqual([]);
    expect((await found(xml, '//failure/text()'))[0]).toContain('&lt;script&gt;');
    expect(xml).not.toMatch(/[\u001B\uFFFE\uD800]|^::/m);
  });

  it('fails nothing that the baseline knows', async () => {
    const xml = junitOf(two, compareBaseline(two, readKnownFaults('b.json', baselineOf(two))));
    expect(await found(xml, '//failure')).toEqual([]);
    expect((await found(xml, '//system-out/text()'))[0]).toContain('known:');
  });
});
