import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { captureSchema, compareSchemas, differingObjects, listSchema } from '../../src/fingerprint/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { isLong } from '../counts.ts';
import { type Version } from '../binaries.io.ts';
import { addressOf, clientsOf, type Restored, type Way, withRestored } from './dump.io.ts';
import { exceptions, written } from './restored.exceptions.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';

/** The versions of which this machine can make a dump. */
const dumped = versions.filter((version) => clientsOf(version) !== null);

/** What a restore by a newer program says of settings that an older server does not have. */
const harmless = /unrecognized configuration parameter "transaction_timeout"/;

/** pg_dump from 15 on takes for granted that nobody else may create in schema public, which is so only from 15 on. */
const ofNewerPrograms = (version: Version): readonly string[] =>
  version === '14' && clientsOf(version)?.major !== 14 ? ['schema public'] : [];

async function difference(connection: Connection, { copy, errors }: Restored): Promise<Record<string, unknown>> {
  const [was, is] = await Promise.all(
    [connection, copy].map((to) =>
      withSession(to, async (session) => ({ schema: await captureSchema(session), listed: await listSchema(session) })),
    ),
  );
  if (was === undefined || is === undefined) throw new Error('two databases were read');
  return {
    properties: compareSchemas(was.schema, is.schema).flatMap((one) => written(one) ?? []),
    objects: differingObjects(was.listed, is.listed).map(({ kind, name }) => `${kind} ${name}`),
    errors: errors.filter((line) => !harmless.test(line)),
  };
}

const ways: readonly Way[] = isLong ? ['custom', 'plain'] : ['custom'];
const script = join(import.meta.dirname, 'restored.sql');
const sources = {
  'whatever was renamed, dropped or rolled back before': async (version: Version, connection: Connection) => {
    const psql = join(clientsOf(version)?.folder ?? '', 'psql');
    await promisify(execFile)(psql, ['-X', '-q', '-o/dev/null', `-f${script}`, ...addressOf(connection)]);
  },
  'with an object of each kind': async (version: Version, connection: Connection) => {
    // no copy has a subscription: it belongs to one database of the server
    const copied = fixture.filter((text) => !text.startsWith('create subscription'));
    await runSql(connection, version === '18' ? [...copied, ...fixture18] : copied);
  },
} as const;
const cases = dumped.flatMap((version) =>
  ways.flatMap((way) =>
    (Object.keys(sources) as (keyof typeof sources)[])
      // the fixture is one of 15
      .filter((source) => version !== '14' || source.startsWith('whatever'))
      .map((source) => [version, way, source] as const),
  ),
);

test.skipIf(cases.length === 0).each(cases)(
  'on %s a restored dump (%s) has the same list of objects, %s',
  { timeout: 300_000 },
  async (version, way, source) => {
    await withDatabase(version, async (connection) => {
      await sources[source](version, connection);
      await withRestored({ version, connection, way }, async (restored) => {
        const known = ofNewerPrograms(version);
        expect(await difference(connection, restored)).toEqual({
          properties: known.map((name) => `${name}: privileges`),
          objects: known,
          errors: [],
        });
      });
    });
  },
);

test.skipIf(dumped.length === 0).each(isLong ? dumped : dumped.slice(0, 1))(
  'on %s what a dump does not hold is each documented exception, and nothing more',
  { timeout: 300_000 },
  async (version) => {
    const documented = readFileSync(join(import.meta.dirname, '../../docs/FORMAT.md'), 'utf8');
    for (const { what, setup, differs, from = 0, until = 99 } of exceptions) {
      expect(documented.includes(`- ${what}\n`), what).toBe(true);
      if (Number(version) < from || Number(version) > until) continue;
      await withDatabase(version, async (connection) => {
        await runSql(connection, [
          'create schema s',
          `create function s.f() returns trigger language plpgsql as 'begin return new; end'`,
          ...setup,
        ]);
        await withRestored({ version, connection, way: 'custom' }, async (restored) => {
          const { properties, objects } = await difference(connection, restored);
          const known = setup.includes('drop schema public') ? [] : ofNewerPrograms(version);
          const wanted = [...differs.map((one) => one.slice(0, one.lastIndexOf(': '))), ...known];
          expect(objects, what).toEqual([...new Set(wanted)].sort());
          const seen = differs.filter((one) => !one.endsWith(': after') && !one.startsWith('database settings'));
          expect(properties, what).toEqual([...seen, ...known.map((name) => `${name}: privileges`)].sort());
        });
      });
    }
  },
);
