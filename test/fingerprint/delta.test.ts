import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Connection, type Session } from '../../src/database/index.ts';
import {
  captureSchema,
  changedSince,
  compareObjects,
  compareSchemas,
  markChanges,
  markSchema,
  SchemaDeltas,
  type SchemaDelta,
  wholeDelta,
} from '../../src/fingerprint/index.ts';
import { runSql, serverConnection, since15, versions, withDatabase, withSession } from '../database.io.ts';
import { count, sampleOf, seed } from '../counts.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';
import { mutations } from './mutations.all.ts';
import { written } from './mutations.ts';
import { Chooser, statementsOf, type Template } from './oracle.chooser.ts';
import { otherTemplates } from './oracle.others.ts';
import { partTemplates } from './oracle.parts.ts';
import { relationTemplates } from './oracle.relations.ts';

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

/** What differs, by the objects that were read, in an order that does not depend on how they were found. */
function told({ originals, objects }: SchemaDelta): string {
  return compareObjects(originals, objects).map(written).sort().join('; ');
}

// subscriptions are rows of the server's catalogues, so no copy has them
const original = fixture.filter((statement) => !/subscription/i.test(statement));
const known = mutations.filter(({ change }) => !/subscription/i.test(change.join()));

test.each(since15)(
  'on %s rows of the catalogues that changed tell what the whole schema tells, for each kind of mutation',
  { timeout: 900_000 },
  async (version) => {
    const space = `delta_${randomBytes(4).toString('hex')}`;
    await runSql(serverConnection(version), [
      'set allow_in_place_tablespaces = on',
      `create tablespace ${space} location ''`,
    ]);
    const some = sampleOf(
      known.filter(({ from = 15 }) => from <= Number(version)),
      { every: 6, kind: ({ finds }) => finds.split(/ \w+\.|: /)[0] ?? '' },
    );
    const wrong: string[] = [];
    let whole = 0;
    const look = async (was: Session, is: Session): Promise<void> => {
      const base = await captureSchema(is);
      const deltas = new SchemaDeltas();
      for (const { what, setup, change } of some) {
        await is.run('begin');
        const mark = await markSchema(is);
        for (const statement of [...(setup ?? []), ...change])
          await is.run(statement.replaceAll('mutation_space', space));
        const delta = await deltas.read(was, is, { mark, files: null });
        if (delta.keys === null) whole += 1;
        const all = compareSchemas(base, await captureSchema(is))
          .map(written)
          .sort()
          .join('; ');
        if (told(delta) !== all) wrong.push(`${what}: ${all}; told: ${told(delta) || 'nothing'}`);
        await is.run('rollback');
      }
    };
    try {
      await withDatabase(version, async (connection) => {
        await runSql(connection, version === '18' ? [...original, ...fixture18] : original);
        await withCopy(connection, (copy) =>
          withSession(connection, (was) => withSession(copy, (is) => look(was, is))),
        );
      });
    } finally {
      await runSql(serverConnection(version), [`drop tablespace ${space}`]);
    }
    expect(wrong).toEqual([]);
    // the quick way is the usual one
    expect(whole).toBeLessThan(some.length / 5);
  },
);

const templates: readonly Template[] = [...relationTemplates, ...partTemplates, ...otherTemplates];
/** After so many a fresh copy begins, because the drops add up. */
const perCopy = 15;

function made(template: Template, choose: Chooser): readonly string[] {
  const statements = statementsOf(template, choose) ?? [];
  return statements.some((one) => /subscription/i.test(one)) ? [] : statements;
}

test.runIf(versions.includes('18'))(
  'blocks of the catalogues that changed, and rows by xmin, tell what the whole schema tells, for changes drawn at random',
  { timeout: 120_000 + count('schemaDeltas') * 3_000 },
  async () => {
    const changes = fc.sample(
      fc.record({
        template: fc.nat(templates.length - 1),
        picks: fc.array(fc.nat(9999), { minLength: 12, maxLength: 12 }),
      }),
      { numRuns: count('schemaDeltas'), seed },
    );
    const wrong: string[] = [];
    let done = 0;
    const look = async (was: Session, is: Session, start: number): Promise<void> => {
      const [since, mark] = [await markChanges(is), await markSchema(is)];
      const base = await captureSchema(is);
      let schema = base;
      const deltas = new SchemaDeltas();
      for (const [index, { template, picks }] of changes.slice(start, start + perCopy).entries()) {
        const choose = new Chooser({ schema, picks, serial: start + index, except: new Set() });
        const statements = made(templates[template] as Template, choose);
        await is.run('begin');
        try {
          for (const statement of statements) await is.run(statement);
          await is.run('commit');
        } catch {
          // a change that the server refuses changes nothing
          await is.run('rollback');
          continue;
        }
        const changed = await changedSince(is, since);
        if ('unavailable' in changed) throw new Error(changed.unavailable);
        const ways = {
          blocks: await deltas.read(was, is, { mark, files: changed.files }),
          xmin: await deltas.read(was, is, { mark, files: null }),
          whole: await wholeDelta(was, is, mark),
        };
        schema = await captureSchema(is);
        const all = compareSchemas(base, schema).map(written).sort().join('; ');
        for (const [way, delta] of Object.entries(ways))
          if (told(delta) !== all) wrong.push(`${way}: ${statements.join('; ')}: ${all}; told: ${told(delta)}`);
        done += 1;
      }
    };
    await withDatabase('18', async (connection) => {
      await runSql(connection, original);
      for (let start = 0; start < changes.length; start += perCopy)
        await withCopy(connection, (copy) =>
          withSession(connection, (was) => withSession(copy, (is) => look(was, is, start))),
        );
    });
    expect(wrong, `seed ${seed}`).toEqual([]);
    expect(done).toBeGreaterThan(changes.length / 2);
  },
);

test.runIf(versions.includes('18'))(
  'a part that is left out of what rows are made into would let a difference pass: a label of an enum that a default shows',
  { timeout: 120_000 },
  async () => {
    await withDatabase('18', async (connection) => {
      await runSql(connection, [
        "create type mood as enum ('sad', 'ok')",
        "create table feeling (id integer, m mood default 'ok', check (m <> 'sad'))",
        "create view moods as select id, m from feeling where m = 'ok'",
        'create table other (id integer)',
      ]);
      await withCopy(connection, (copy) =>
        withSession(connection, (was) =>
          withSession(copy, async (is) => {
            const mark = await markSchema(is);
            await is.run("alter type public.mood rename value 'ok' to 'fine'");
            const delta = await new SchemaDeltas().read(was, is, { mark, files: null });
            expect(told(delta)).toBe(
              'column public.feeling.m: default; type public.mood: labels; view public.moods: definition',
            );
            // what has nothing to do with it is not read
            expect(delta.objects.filter(({ name }) => name.startsWith('public.other'))).toEqual([]);
          }),
        ),
      );
    });
  },
);
