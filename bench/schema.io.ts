import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, id, openSession, sql } from '../src/database/index.ts';
import { type Bench } from './servers.io.ts';

/** SQL of a release: one or several tiers, each with its forward and its rollback. */
export interface Written {
  readonly up: string;
  readonly down: string;
}

/** Writes a release of one tier. */
export function writeTier(folder: string, { up, down }: Written): string {
  const tier = join(folder, 'tiers', '1-bench');
  mkdirSync(tier, { recursive: true });
  writeFileSync(
    join(folder, 'release.yaml'),
    'format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.*]\ntiers:\n  - { id: 1-bench, title: Bench }\n',
  );
  writeFileSync(join(tier, 'up.sql'), up);
  writeFileSync(join(tier, 'down.sql'), down);
  return folder;
}

/** A small change: a column, a table, an index. */
export const smallChange: Written = {
  up: 'alter table t1 add column note text;\ncreate table made (id integer primary key, note text);\ninsert into made select g, g::text from generate_series(1, 100) g;\ncreate index t2_label on t2 (label);\n',
  down: 'drop index t2_label;\ndrop table made;\nalter table t1 drop column note;\n',
};

/** As many INSERTs, one row each. */
export function inserts(count: number): Written {
  const lines = Array.from({ length: count }, (_, at) => `insert into made values (${at}, 'text ${at}');\n`);
  return {
    up: `create table made (id integer primary key, note text);\n${lines.join('')}`,
    down: 'drop table made;\n',
  };
}

/** One table with as many partitions, one statement each. */
export function partitions(count: number): Written {
  const lines = Array.from(
    { length: count },
    (_, at) => `create table made_${at} partition of made for values from (${at}) to (${at + 1});\n`,
  );
  return {
    up: `create table made (id integer, note text) partition by range (id);\n${lines.join('')}`,
    down: 'drop table made;\n',
  };
}

/** Makes a database of tables that refer to one another, and functions. */
export async function fillSchema(
  { server, admin }: Bench,
  of: { readonly database: string; readonly tables: number; readonly functions: number },
): Promise<Connection> {
  const connection = server.connection(of.database);
  await admin.query(sql`create database ${id(of.database)}`);
  const session = await openSession(connection, { applicationName: 'bench', settings: { search_path: 'public' } });
  try {
    // a hundred a statement: each takes a lock until its end
    for (let from = 0; from < Math.max(of.tables, of.functions); from += 100)
      await session.run(`do $bench$ begin
        for i in ${from} .. ${from + 99} loop
          if i < ${of.tables} then
            execute format('create table t%s (id integer primary key, label text not null, parent integer references t%s, made timestamptz default now())', i, greatest(i - 1, 0));
          end if;
          if i < ${of.functions} then
            execute format('create function f%s(x integer) returns integer language plpgsql as $f$ begin return x + %s; end $f$', i, i);
          end if;
        end loop; end $bench$`);
    await session.run('vacuum (freeze, analyze)');
    await session.run('checkpoint');
  } finally {
    await session.close();
  }
  return connection;
}
