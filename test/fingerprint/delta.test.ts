import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { markSchema, SchemaDeltas } from '../../src/fingerprint/schema/delta.io.ts';
import { fingerprintOf } from '../../src/fingerprint/schema/fingerprint-of.ts';
import { runSql, serverConnection, since15, withDatabase, withSession } from '../database.io.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';
import { mutations } from './mutations.all.ts';
import { written } from './mutations.ts';

/** Makes a copy of a database, hands it over, drops it. */
async function withCopy(of: Connection, use: (copy: Connection) => Promise<void>): Promise<void> {
  const database = `t_${randomBytes(6).toString('hex')}`;
  const admin = { ...of, database: 'postgres' };
  await runSql(admin, [`create database ${database} template ${of.database} strategy file_copy`]);
  try {
    await use({ ...of, database });
  } finally {
    await runSql(admin, [`drop database ${database} with (force)`]);
  }
}

test.each(since15)(
  'on %s what changed rows of the catalogues tell is what the whole schema tells, for every mutation',
  { timeout: 900_000 },
  async (version) => {
    const space = ['set allow_in_place_tablespaces = on', `create tablespace delta_space location ''`];
    await runSql(serverConnection(version), space);
    try {
      await withDatabase(version, async (connection) => {
        await runSql(connection, version === '18' ? [...fixture, ...fixture18] : fixture);
        await withCopy(connection, (copied) =>
          withSession(connection, (original) =>
            withSession(copied, async (copy) => {
              const base = await captureSchema(copy);
              const deltas = new SchemaDeltas();
              const wrong: string[] = [];
              let whole = 0;
              for (const { what, setup, change, from = 15 } of mutations) {
                if (from > Number(version)) continue;
                await copy.run('begin');
                try {
                  const mark = await markSchema(copy);
                  for (const statement of [...(setup ?? []), ...change])
                    await copy.run(statement.replaceAll('mutation_space', 'delta_space'));
                  const delta = await deltas.read(original, copy, { mark, files: null });
                  if (delta.keys === null) whole += 1;
                  const told = compareSchemas(fingerprintOf(delta.originals, []), fingerprintOf(delta.objects, []));
                  const all = compareSchemas(base, await captureSchema(copy));
                  if (told.map(written).join() !== all.map(written).join())
                    wrong.push(
                      `${what}: ${all.map(written).join(', ')}; told: ${told.map(written).join(', ') || 'nothing'}`,
                    );
                } catch (error) {
                  wrong.push(`${what}: ${(error as Error).message}`);
                } finally {
                  await copy.run('rollback');
                }
              }
              await original.run('drop subscription sub');
              expect(wrong).toEqual([]);
              console.log('whole', whole, mutations.length);
            }),
          ),
        );
      });
    } finally {
      await runSql(serverConnection(version), ['drop tablespace delta_space']);
    }
  },
);
