import { describe, expect, it } from 'vitest';
import { id, sql, unionAll } from '../../src/database/index.ts';
import { newest, versions } from '../database.io.ts';
import { application, left, none, withBackfill } from './batches.io.ts';
import { run } from './standing.io.ts';

const time = { timeout: 240_000 };

/** Types of keys, and how a key is made from a number. */
const keys: Readonly<Record<string, readonly [type: string, value: string]>> = {
  uuid: ['uuid', 'md5(n::text)::uuid'],
  text: ['text', `'k' || chr(97 + n % 26) || n`],
  varchar: ['varchar(40)', `'Ä' || n`],
  bytes: ['text collate "C"', `chr(65 + n % 58) || n`],
  words: ['text collate "en-x-icu"', `chr(65 + n % 58) || n`],
  blind: ['text collate public.blind', `chr(65 + n % 58) || n`],
  moment: ['timestamptz', `timestamptz '2026-01-01 00:00:00.123456+02' + n * interval '1.000001 second'`],
  small: ['smallint', '(n - 60)::smallint'],
  parts: ['integer', 'n * 3'],
  empty: ['integer', 'n'],
};

describe.each(versions)('the keys of batches on PostgreSQL %s', (version) => {
  it(
    'may be integers, uuid, text of any collation, varchar and timestamptz, of a partitioned table too; a table without rows ends its step at once',
    time,
    () => {
      const names = Object.keys(keys);
      const each = (text: (name: string) => string): string => names.map((name) => `${text(name)};\n`).join('');
      return withBackfill(
        version,
        async (ground) => {
          const statement = await ground.submit();
          const touched = (): Promise<readonly object[]> =>
            ground.session.query(
              sql`select pg_catalog.string_agg(distinct touched::text, ' ') as touched from (${unionAll(
                names.map((name) => sql`select touched from ${id('public', name)}`),
              )}) t`,
            );
          await run(ground, statement, 'up');
          expect(await touched()).toEqual([{ touched: '1' }]);
          const steps = await ground.session.query<{ batches: string }>(
            sql`select batches::text as batches from gate.steps where statement = ${statement} order by n`,
          );
          expect(steps.map(({ batches }) => batches)).toEqual([...names.slice(1).map(() => '3'), '0']);
          await run(ground, statement, 'down');
          expect(await touched()).toEqual([{ touched: '0' }]);
        },
        {
          files: {
            'release.yaml': `format: 1
name: keys
title: Keys
database: shop
touches: [public.*]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
tiers:
  - { id: 1-fill, title: Fill, transaction: each, batched: { by: id, rows: 50 } }
`,
            'tiers/1-fill/up.sql': each(
              (name) => `update public.${name} set touched = touched + 1 where id between $1 and $2`,
            ),
            'tiers/1-fill/down.sql': each(
              (name) => `update public.${name} set touched = touched - 1 where id between $1 and $2`,
            ),
          },
          more: [
            `create collation public.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
            ...names.flatMap((name) => [
              `create table public.${name} (id ${keys[name]?.[0]} primary key, touched integer not null default 0) ${name === 'parts' ? 'partition by range (id)' : ''}`,
              ...(name === 'parts'
                ? [
                    'create table public.part_a partition of public.parts for values from (0) to (100)',
                    'create table public.part_b partition of public.parts default',
                  ]
                : []),
              `insert into public.${name} (id) select ${keys[name]?.[1]} from generate_series(1, ${name === 'empty' ? 0 : 120}) n`,
            ]),
          ],
        },
      );
    },
  );
});

describe.each(newest)('a key of batches on PostgreSQL %s', (version) => {
  it.each([
    ['may be null', 'alter table public.orders drop constraint orders_pkey, alter column id drop not null'],
    ['has no unique index', 'alter table public.orders drop constraint orders_pkey'],
    [
      'has a partial unique index',
      'alter table public.orders drop constraint orders_pkey',
      'create unique index on public.orders (id) where id > 5',
    ],
    [
      'is one of two of its primary key',
      'alter table public.orders drop constraint orders_pkey, add column part integer not null default 0, add primary key (id, part)',
    ],
    [
      'has an index of another collation, by which two of its values may be equal',
      'alter table public.orders drop constraint orders_pkey, alter column id type text collate "C"',
      'create unique index on public.orders (id collate "POSIX")',
    ],
    ['is inherited by another table', 'create table public.more () inherits (public.orders)'],
    ['has a type that batches do not have', 'alter table public.orders alter column id type numeric'],
  ])('is refused by the gate where the column %s', time, (_, ...changes) =>
    withBackfill(
      version,
      async (ground) => {
        const statement = await ground.submit();
        const result = await run(ground, statement, 'up');
        expect(result).toMatchObject({ result: 'held', reasons: [{ code: 'gate', facts: { code: 'schema' } }] });
        expect(JSON.stringify(result)).toContain('bounds no batch');
        expect(await left(ground)).toEqual(none);
      },
      { more: [...application, ...changes] },
    ),
  );
});

describe.each(versions.filter((version) => Number(version) >= 18))('a key of batches on PostgreSQL %s', (version) => {
  it('is refused where its NOT NULL is not valid, so that it may be null', time, () =>
    withBackfill(
      version,
      async (ground) => {
        const result = await run(ground, await ground.submit(), 'up');
        expect(result).toMatchObject({ result: 'held', reasons: [{ code: 'gate', facts: { code: 'schema' } }] });
        expect(JSON.stringify(result)).toContain('bounds no batch');
      },
      {
        more: [
          ...application,
          'alter table public.orders drop constraint orders_pkey, alter column id drop not null',
          'create unique index on public.orders (id)',
          'insert into public.orders (id) values (null)',
          'alter table public.orders add constraint later not null id not valid',
        ],
      },
    ),
  );
});
