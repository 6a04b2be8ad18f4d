import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { oneroof } from './run.io.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-diff-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const table = [
  'create table orders (id serial primary key, total numeric, secret text)',
  `insert into orders (total, secret) select n, 'hunter' || n from generate_series(1, 20) n`,
  'create table "e\u001b[2Jvil" ()',
];
const url = (of: Connection): string => `postgres://postgres@/${of.database}?host=${encodeURIComponent(of.host)}`;

/** Two databases of the same tables, the second changed after that, and the command line in the folder. */
async function withTwo(
  changes: readonly string[],
  use: (run: (...words: string[]) => ReturnType<typeof oneroof>) => void,
): Promise<void> {
  await withDatabase('18', (one) =>
    withDatabase('18', async (two) => {
      await Promise.all([runSql(one, table), runSql(two, [...table, ...changes])]);
      const env = { ONE: url(one), TWO: url(two) };
      use((...words) => oneroof([...words, '-C', folder], { env }));
    }),
  );
}

describe('oneroof diff', () => {
  it('keeps logical and only strict differences apart, shows keys and columns, and values only on request', async () => {
    await withTwo(['update orders set total = 5 where id in (3, 4)', `select setval('orders_id_seq', 30)`], (run) => {
      const { status, stdout } = run('diff', 'env:ONE', 'env:TWO');
      expect(status).toBe(1);
      const [, logical = '', strict = ''] = stdout.split(/Logical differences|Only strict differences/);
      expect(logical).toContain('table public.orders: same number of rows, other content');
      expect(logical).toContain('id=3 changed (total)\n');
      expect(strict).toContain('sequence public.orders_id_seq: lastValue: "20" → "30"');
      expect(stdout).toContain('different: 1 logical, 1 only strict, 0 not proven');
      expect(stdout).not.toContain('hunter');
      const shown = run('diff', 'env:ONE', 'env:TWO', '--values', '--limit', '1', '--json');
      const { logical: found } = JSON.parse(shown.stdout) as { logical: { examples: unknown[] }[] };
      expect(found[0]?.examples).toEqual([
        {
          change: 'changed',
          key: { id: '3' },
          columns: ['total'],
          values: {
            before: { id: '3', secret: 'hunter3', total: '3' },
            after: { id: '3', secret: 'hunter3', total: '5' },
          },
        },
      ]);
    });
  });

  it('ends with 0 where the difference is only strict, and with 1 where strict ones are to count', async () => {
    await withTwo([`select setval('orders_id_seq', 30)`], (run) => {
      const { status, stdout } = run('diff', 'env:ONE', 'env:TWO', '--strong');
      expect(status).toBe(0);
      expect(stdout).toContain('equal: 0 logical, 1 only strict');
      expect(run('diff', 'env:ONE', 'env:TWO', '--strict').status).toBe(1);
    });
  });

  it('calls nothing equal that was not read', async () => {
    const wrapper = ['create foreign data wrapper w', 'create server s foreign data wrapper w'];
    await withTwo([], (run) => {
      expect(run('fingerprint', 'env:ONE', '--out', 'schema.json').status).toBe(0);
      const { status, stdout } = run('diff', './schema.json', 'env:TWO');
      expect(status).toBe(1);
      expect(stdout).toContain('any row: ./schema.json has no rows');
      expect(stdout).toContain('not proven: 0 logical');
      expect(run('diff', './schema.json', 'env:TWO', '--schema-only').status).toBe(0);
    });
    await withTwo([...wrapper, 'create foreign table f (a integer) server s'], (run) => {
      expect(run('diff', 'env:TWO', 'env:TWO').stdout).toContain('public.f: a foreign table');
    });
  });

  it('names an option of the server that it does not know, and compares without it, also from a file', async () => {
    const stamped = [
      'set allow_system_table_mods = on',
      `update pg_attribute set attoptions = '{pg_next=17}' where attrelid = 'orders'::regclass and attnum > 0`,
    ];
    await withTwo(stamped, (run) => {
      const said = 'column option pg_next, unknown to One Roof, is not compared: public.orders.id and 2 more';
      const { status, stdout } = run('diff', 'env:ONE', 'env:TWO', '--strict');
      expect(stdout).toContain(`Noticed (1)\n  after: ${said}\n`);
      expect(status).toBe(0);
      expect(run('diff', 'env:ONE', 'env:ONE').stdout).not.toContain('Noticed');
      const taken = run('fingerprint', 'env:TWO', '--out', 'two.json');
      expect(taken.stdout).toContain(`Noticed (1)\n  ${said}`);
      const { noticed } = JSON.parse(run('diff', 'two.json', 'env:ONE', '--schema-only', '--json').stdout) as {
        noticed: unknown;
      };
      expect(noticed).toEqual({
        before: [{ kind: 'column', option: 'pg_next', count: '3', first: 'public.orders.id' }],
        after: [],
      });
    });
  });

  it('compares with files, and two files only where they have the same seeds', async () => {
    await withTwo(['delete from orders where id = 7'], (run) => {
      expect(run('fingerprint', 'env:ONE', '--rows', '--out', 'a.json').status).toBe(0);
      expect(statSync(join(folder, 'a.json')).mode & 0o077).toBe(0);
      expect(run('fingerprint', 'env:ONE', '--rows', '--out', 'a.json').stderr).toContain('[ALREADY_EXISTS]');
      expect(run('diff', 'a.json', 'env:ONE').status).toBe(0);
      expect(run('diff', 'a.json', 'env:TWO').stdout).toContain('rows: "20" → "19"');
      expect(run('diff', 'a.json', 'env:TWO', '--strong').stderr).toContain('[USAGE]');
      run('fingerprint', 'env:ONE', '--rows', '--out', 'b.json');
      expect(run('diff', 'a.json', 'b.json').stdout).toContain('different seeds');
      run('fingerprint', 'env:ONE', '--rows', '--like', 'a.json', '--out', 'c.json');
      expect(run('diff', 'a.json', 'c.json').status).toBe(0);
      const text = readFileSync(join(folder, 'a.json'), 'utf8');
      writeFileSync(join(folder, 'edited.json'), text.replace('"rows": "20"', '"rows": "21"'));
      writeFileSync(join(folder, 'torn.json'), text.slice(0, 900));
      for (const file of ['edited.json', 'torn.json']) {
        const { status, stderr } = run('diff', file, 'env:ONE');
        expect(status).toBe(2);
        expect(stderr).toContain('[FINGERPRINT_INVALID]');
      }
    });
  });
});

describe('oneroof fingerprint', () => {
  it('prints digests, kinds and rows, plain, with hostile names made visible', async () => {
    await withTwo([], (run) => {
      const { status, stdout } = run('fingerprint', 'env:ONE', '--rows');
      expect(status).toBe(0);
      expect(stdout).toMatch(/schema, logical {2}sha256:[0-9a-f]{64}\n/);
      expect(stdout).toMatch(/public\.orders +20 {2}[0-9a-f]{12}\n/);
      expect(stdout).toContain('e\\u{1b}[2Jvil');
      expect(stdout).not.toContain('\u001b');
    });
  });

  it('refuses a password on the command line without repeating it', () => {
    for (const word of [
      'postgres://me:hunter2@host/db',
      'postgres://host/db?password=hunter2',
      'host=h password=hunter2',
    ]) {
      const { status, stdout, stderr } = oneroof(['fingerprint', word]);
      expect(status).toBe(2);
      expect(stderr).toContain('[SECRET_ON_COMMAND_LINE]');
      expect(stderr).toContain('env:');
      expect(stdout + stderr).not.toContain('hunter2');
    }
  });

  it('looks at a target of oneroof.yaml only with a role that cannot write, and says what else to do', async () => {
    await withTwo([], (run) => {
      writeFileSync(join(folder, 'oneroof.yaml'), 'targets:\n  production:\n    urlFrom: ONE\n');
      const { status, stderr } = run('fingerprint');
      expect(status).toBe(3);
      expect(stderr).toContain('[OBSERVER_CAN_WRITE]');
      expect(stderr).toContain('env:NAME');
    });
  });

  it('refuses options that mean nothing', () => {
    expect(oneroof(['fingerprint', 'env:NOT_SET_AT_ALL']).stderr).toContain('[USAGE]');
    expect(oneroof(['fingerprint', 'env:ONE', '--strong']).stderr).toContain('add --rows');
    expect(oneroof(['diff', 'env:ONE', 'env:ONE', '--limit', '0']).stderr).toContain('[USAGE]');
  });
});
