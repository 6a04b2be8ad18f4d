import { expect, test } from 'vitest';
import { explainOrigin, isSampled } from '../../src/clone/index.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { type SampleSetup } from '../../src/setup/index.ts';
import { newest, runSql, versions, withSession } from '../database.io.ts';
import { requireNothingLeft, withClones, withSource } from './dump-source.io.ts';

const sample: SampleSetup = { share: 50_000, above: 64 * 1024, seed: 0, keep: [] };

const word = `repeat('x', 100)`;
const tables = [
  'create schema app',
  'create table app.countries (code text collate "C" primary key, name text)',
  `insert into app.countries select chr(65 + g) || e'\\'\\\\"', 'n' from generate_series(0, 9) g`,
  // a chain within the table, and a row that refers to itself
  `create table app.people (id bigint primary key, boss bigint references app.people, country text references app.countries, note text)`,
  `insert into app.people select g, case when g = 7 then 7 when g % 3 = 0 then null else greatest(1, g - 40) end, chr(65 + g % 10) || e'\\'\\\\"', ${word} from generate_series(1, 3000) g order by g`,
  // a cycle of two tables
  'create table app.carts (id integer generated always as identity primary key, owner integer not null references app.people, latest integer, note text)',
  `insert into app.carts (owner, note) select 1 + g * 7 % 3000, ${word} from generate_series(1, 4000) g`,
  `create table app."Or ders" (id uuid primary key default md5(random()::text)::uuid, "Cart" integer not null references app.carts deferrable initially deferred, n integer unique, note text)`,
  `insert into app."Or ders" ("Cart", n, note) select 1 + g * 11 % 4000, g, ${word} from generate_series(1, 5000) g`,
  'update app.carts set latest = id where id % 2 = 0',
  'alter table app.carts add constraint latest foreign key (latest) references app."Or ders" (n)',
  // two columns to a partitioned table, and null in one of them
  'create table app.parts (at integer, kind text, note text, primary key (kind, at)) partition by range (at)',
  'create table app.parts_1 partition of app.parts for values from (0) to (1500)',
  'create table app.parts_2 (note text, kind text not null, at integer not null)',
  'alter table app.parts attach partition app.parts_2 for values from (1500) to (9999)',
  `insert into app.parts select g, 'k' || g % 5, ${word} from generate_series(1, 3000) g`,
  'create table app.uses (id integer primary key, at smallint, kind varchar(10), note text, foreign key (kind, at) references app.parts (kind, at))',
  `insert into app.uses select g, case when g % 10 = 0 then null else g end, 'k' || case when g % 10 = 0 then 9 else g % 5 end, ${word} from generate_series(1, 3000) g`,
  // a key over a generated column, of a partitioned table; no primary key
  'create table app.log (x integer, half integer generated always as (x / 2 + 1) stored references app.people, note text) partition by hash (x)',
  'create table app.log_0 partition of app.log for values with (modulus 2, remainder 0)',
  'create table app.log_1 partition of app.log for values with (modulus 2, remainder 1)',
  `insert into app.log select g, ${word} from generate_series(1, 5000) g`.replace('app.log', 'app.log (x, note)'),
  // a small table that refers to a large one
  'create table app.chosen (person bigint references app.people)',
  'insert into app.chosen values (11), (2999), (null)',
  // what was never valid stays as it is
  'create table app.loose (id integer primary key, person integer)',
  'insert into app.loose values (1, 12), (2, 99999)',
  'alter table app.loose add foreign key (person) references app.people not valid',
  'analyze',
];

/** What is in a copy, by table: the keys of its rows, with all of their text. */
async function rowsOf(connection: Connection): Promise<Readonly<Record<string, readonly string[]>>> {
  const names = ['countries', 'people', 'carts', '"Or ders"', 'parts', 'uses', 'log', 'chosen', 'loose'];
  return withSession(connection, async (session) => {
    const found: [string, string[]][] = [];
    for (const name of names) {
      const rows = await session.rows(`select (t.*)::text from app.${name} t order by 1`, { maxRows: 100_000 });
      found.push([name, rows.map(([one]) => one ?? '')]);
    }
    return Object.fromEntries(found);
  });
}

/** For each key: rows that refer to nothing; for each large table: rows that no one asked for. Written apart from what takes the sample. */
const dangling = sql`select
  (select count(*) from app.people p where boss is not null and not exists (select from app.people b where b.id = p.boss))
  + (select count(*) from app.carts c where not exists (select from app.people p where p.id = c.owner))
  + (select count(*) from app.carts c where latest is not null and not exists (select from app."Or ders" o where o.n = c.latest))
  + (select count(*) from app."Or ders" o where not exists (select from app.carts c where c.id = o."Cart"))
  + (select count(*) from app.uses u where at is not null and not exists (select from app.parts p where p.kind = u.kind and p.at = u.at))
  + (select count(*) from app.log l where not exists (select from app.people p where p.id = l.half))
  + (select count(*) from app.chosen c where person is not null and not exists (select from app.people p where p.id = c.person)) as count`;
const drawn = (key: string): string => `abs(hashtextextended(${key}::text collate "C", 0) % 1000000) < 50000`;
const unasked = `select
  (select count(*) from app.people p where not (${drawn('row(p.id)')}) and not exists (select from app.people b where b.boss = p.id)
    and not exists (select from app.carts c where c.owner = p.id) and not exists (select from app.log l where l.half = p.id)
    and not exists (select from app.chosen c where c.person = p.id) and not exists (select from app.loose l where l.person = p.id))
  + (select count(*) from app.carts c where not (${drawn('row(c.id)')}) and not exists (select from app."Or ders" o where o."Cart" = c.id))
  + (select count(*) from app."Or ders" o where not (${drawn('row(o.id)')}) and not exists (select from app.carts c where c.latest = o.n))
  + (select count(*) from app.parts p where not (${drawn('row(p.kind, p.at)')}) and not exists (select from app.uses u where u.kind = p.kind and u.at = p.at))
  + (select count(*) from app.uses u where not (${drawn('row(u.id)')})) + (select count(*) from app.log l where not (${drawn('(l.*)')}))`;

test.each(versions)(
  'PostgreSQL %s: a sample has a share of large tables, all that it refers to, and nothing else',
  { timeout: 600_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const production = source.server.connection('shop');
      await runSql(production, tables);
      const setup = { ...source.setup, sample };
      await withClones(setup, async (host) => {
        const golden = await host.makeGolden({});
        expect(golden).toMatchObject({ proofLevel: 'sampled', sample: { share: 50_000 } });
        expect(isSampled(golden)).toBe(true);
        const tablesOf = golden.sample?.tables ?? [];
        expect(tablesOf.map(({ table }) => table).toSorted()).toEqual(
          [
            '"Odd Name".parted',
            'app."Or ders"',
            'app.carts',
            'app.log',
            'app.parts',
            'app.people',
            'app.uses',
          ].toSorted(),
        );
        expect(tablesOf.every(({ rows, about }) => (rows ?? 0) > 0 && (rows ?? 0) < (about ?? 0))).toBe(true);
        expect(explainOrigin(golden)[0]).toMatch(/^sampled: 5% of the rows of 7 tables/);
        const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        const [was, is] = [await rowsOf(production), await rowsOf(clone.connection)];
        for (const [name, rows] of Object.entries(is)) {
          const all = new Set(was[name]);
          expect(rows.filter((one) => !all.has(one))).toEqual([]);
        }
        for (const name of ['countries', 'chosen', 'loose']) expect(is[name]).toEqual(was[name]);
        await withSession(clone.connection, async (session) => {
          expect(await session.query(dangling)).toEqual([{ count: '0' }]);
          expect(await session.rows(unasked, { maxRows: 2 })).toEqual([['0']]);
          // keys are as valid as in production, and nothing of ours is left
          const [keys] = await session.query(sql`select count(*) filter (where convalidated)::text as valid,
            (select count(*)::text from pg_class where relname like 'oneroof%') as ours, (select count(*)::text from pg_namespace where nspname like 'oneroof%') as schemas
            from pg_constraint where contype = 'f' and conparentid = 0`);
          expect(keys).toEqual({ valid: '8', ours: '0', schemas: '0' });
          // a new row gets the number that production would give
          const [next] = await session.query(sql`select nextval('app.carts_id_seq')::text as next`);
          expect(next).toEqual({ next: '4001' });
        });
        const counted = await withSession(production, (session) =>
          session.rows(
            `select (select count(*) from app.people p where ${drawn('row(p.id)')}), (select count(*) from app.uses u where ${drawn('row(u.id)')})`,
            { maxRows: 1 },
          ),
        );
        expect(is['uses']?.length).toBe(Number(counted[0]?.[1]));
        expect(is['people']?.length).toBeGreaterThan(Number(counted[0]?.[0]));
        // the same rows in the next one
        await host.drop(clone.lease.database);
        await host.makeGolden({});
        const again = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        expect(await rowsOf(again.connection)).toEqual(is);
      });
      await requireNothingLeft(source);
    });
  },
);

test.each(newest)(
  'PostgreSQL %s: rows that are named are kept besides, another sample is another copy, and what cannot be chosen is refused',
  { timeout: 600_000 },
  async (version) => {
    await withSource(version, async (source) => {
      await runSql(source.server.connection('shop'), tables);
      const setupOf = (more: Partial<SampleSetup>) => ({ ...source.setup, sample: { ...sample, ...more } });
      const refused = async (table: string, condition: string): Promise<void> =>
        withClones(setupOf({ keep: [{ table, condition }] }), async (host) => {
          await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_SAMPLE_INVALID' });
        });
      await refused('app.nothing', 'true');
      await refused('app.people.id', 'true');
      await refused('app.people', 'id > 5) or (true');
      await refused('app.people', 'unknown = 5');
      await refused('app.people', 'id in (select person from app.chosen)');
      await refused('app.people', 'id > extract(epoch from now())');
      const leaking = setupOf({ keep: [{ table: 'app.people', condition: 'note::integer > 5' }] });
      await withClones(leaking, async (host) => {
        const error = await host.makeGolden({}).catch((one: unknown) => one);
        expect(error).toMatchObject({ code: 'CLONE_SAMPLE_INVALID' });
        expect(String((error as Error).message)).not.toContain('xxx');
      });
      // what is kept besides is not in the estimate, and counts at the end
      const large = ['people', 'carts', '"Or ders"', 'parts', 'uses', 'log'];
      const more = large.map((name) => ({ table: `app.${name}`, condition: 'true' }));
      const capped = { ...setupOf({ keep: more }), cap: { maxClones: null, maxBytes: 10 * 1024 ** 2 } };
      await withClones(capped, async (host) => {
        await expect(host.makeGolden({})).rejects.toMatchObject({
          code: 'CLONE_CAP',
          message: expect.stringContaining('and maxBytes leaves'),
        });
      });
      await requireNothingLeft(source);
      const keep = [
        { table: 'app.people', condition: 'id between 1000 and 1100 -- by number' },
        { table: 'app.parts', condition: 'true' },
      ];
      const kept = setupOf({ keep, seed: 5 });
      await withClones(kept, async (host) => {
        expect(await host.makeGolden({})).toMatchObject({ proofLevel: 'sampled' });
        const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        const { parts, people } = await rowsOf(clone.connection);
        expect(parts?.length).toBe(3000);
        expect(people?.filter((row) => /^\((10\d\d|1100),/.test(row)).length).toBe(101);
      });
      for (const other of [setupOf({ keep, seed: 6 }), setupOf({ keep: [], seed: 5 }), source.setup])
        await withClones(other, async (host) => {
          await expect(host.golden()).rejects.toMatchObject({ code: 'CLONE_SAMPLE_STALE' });
          await expect(host.makeClone({ purpose: 'test', owner: 'o', hours: 1 })).rejects.toMatchObject({
            code: 'CLONE_SAMPLE_STALE',
          });
        });
      // masks are applied to the rows that were kept, and keys still hold
      const mask = { columns: [{ column: 'app.people.note', expression: "'note ' || id" }] };
      await withClones({ ...setupOf({}), mask }, async (host) => {
        const golden = await host.makeGolden({});
        expect(golden).toMatchObject({ proofLevel: 'sampled', masks: { columns: [{ column: 'app.people.note' }] } });
        expect(
          explainOrigin(golden).filter((line) => /^(sampled|masked): (5%|app.people.note)/.test(line)).length,
        ).toBe(2);
        expect(explainOrigin(golden).join('\n')).toContain('snapshot of production before they were masked');
        const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        await withSession(clone.connection, async (session) => {
          expect(await session.query(dangling)).toEqual([{ count: '0' }]);
          expect(
            await session.query(sql`select count(*)::text as count from app.people where note like '%xx%'`),
          ).toEqual([{ count: '0' }]);
        });
      });
      // where no table is large, every row is there
      await withClones(setupOf({ above: 1024 ** 3 }), async (host) => {
        const golden = await host.makeGolden({});
        expect([golden.proofLevel, isSampled(golden), golden.sample?.tables]).toEqual(['exact', false, []]);
      });
    });
  },
);
