import { test } from 'vitest';
import { runSql, withDatabase } from '../database.io.ts';
import { oneroof } from './run.io.ts';
test('try', async () => {
  await withDatabase('18', (one) => withDatabase('15', async (two) => {
    const both = ['create table orders (id serial primary key, total numeric, secret text)', `insert into orders (total, secret) select n, 'hunter' || n from generate_series(1, 20) n`, 'create schema "e\u001b[2Jvil"', 'create table "e\u001b[2Jvil".t ()'];
    await runSql(one, both); await runSql(two, [...both, 'update orders set total = 5 where id in (3, 4)', 'delete from orders where id = 7', 'alter table orders add note text']);
    const url = (c: typeof one) => `postgres://postgres@/${c.database}?host=${encodeURIComponent(c.host)}`;
    const env = { ONE: url(one), TWO: url(two) };
    for (const words of [['fingerprint', 'env:ONE', '--rows'], ['diff', 'env:ONE', 'env:TWO'], ['diff', 'env:ONE', 'env:TWO', '--values', '--limit', '2'], ['diff', 'env:ONE', 'env:ONE', '--strong'], ['fingerprint', 'postgres://me:hunter2@host/db'], ['diff', 'env:ONE', 'env:TWO', '--json', '--schema-only']]) {
      const a = oneroof(words, { env }); console.log(words.join(' '), a.status, '\n' + a.stdout.slice(0, 5000) + a.stderr);
    }
  }));
});
