import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { id, sql } from '../../src/database/index.ts';
import {
  captureRows,
  captureSchema,
  compareRows,
  compareSchemas,
  explainDifference,
} from '../../src/fingerprint/index.ts';
import { runSql, serverConnection, newest, withDatabase, withSession } from '../database.io.ts';

const rich = [
  'create type public.r as range (subtype = float8)',
  'create type public.c as (x integer, y text)',
  'create aggregate public.agg (integer) (sfunc = int4pl, stype = integer)',
  'create function public.eq(point, point) returns boolean language sql immutable as $$select $1 ~= $2$$',
  'create operator public.=== (leftarg = point, rightarg = point, function = public.eq, commutator = OPERATOR(public.===))',
  'create operator family public.fam using btree',
  'create foreign data wrapper w',
  `create server s foreign data wrapper w options (host 'h')`,
  `create user mapping for public server s options (password 'secret')`,
  'create foreign table public.ft (a integer) server s',
  'create function public.et() returns event_trigger language plpgsql as $$begin end$$',
  'create event trigger e on ddl_command_end execute function public.et()',
  'create table public.pt (k integer, g integer generated always as (k * 2) stored) partition by range (k)',
  'create table public.pt1 partition of public.pt for values from (0) to (9)',
  'create materialized view public.mv as select 1 as one',
  'insert into public.pt values (1), (1), (2)',
  'create text search configuration public.cfg (copy = simple)',
];

test.each(newest)('on %s a copy of a database is equal to it, for a role that cannot write too', async (version) => {
  const copy = `t_${randomBytes(6).toString('hex')}`;
  const role = `r_${randomBytes(6).toString('hex')}`;
  await withDatabase(version, async (connection) => {
    await runSql(connection, rich);
    await withSession(serverConnection(version), async (admin) => {
      await admin.query(sql`create database ${id(copy)} template ${id(connection.database)}`);
      await admin.query(sql`create role ${id(role)} login`);
      try {
        const seen = async (to: typeof connection) =>
          withSession(to, async (session) => ({
            schema: await captureSchema(session),
            rows: await captureRows(to, { seeds: ['5', '6'] }),
          }));
        const [one, two] = [await seen(connection), await seen({ ...connection, database: copy })];
        expect(compareSchemas(one.schema, two.schema).map(explainDifference)).toEqual([]);
        expect(compareRows(one.rows, two.rows).map(explainDifference)).toEqual([]);
        expect(JSON.stringify(one.schema)).not.toContain('secret');
        expect(one.rows.notProven.map(({ relation }) => relation)).toEqual(['public.ft']);
        const weak = await seen({ ...connection, user: role });
        expect(weak.schema.objects.map(({ name }) => name)).toEqual(one.schema.objects.map(({ name }) => name));
        expect(weak.rows.notProven.length).toBeGreaterThan(1);
      } finally {
        await admin.query(sql`drop database ${id(copy)} with (force)`);
        await admin.query(sql`drop role ${id(role)}`);
      }
    });
  });
});
