import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Connection } from '../../src/database/index.ts';

const root = join(import.meta.dirname, '..', '..');

/** A migration tool that is installed, on a folder with its migrations. */
export interface RealTool {
  readonly name: string;
  /** By what One Roof knows the folder. */
  readonly mark: Readonly<Record<string, string>>;
  /** The first migration is run by the tool everywhere; the others are pending in production. */
  readonly migrations: readonly (readonly [path: string, text: string])[];
  /** The history, without moments. */
  readonly rows: string;
  readonly table: string;
  /** Runs what is pending. */
  up(folder: string, database: Connection): string;
  /** The names that the tool itself calls pending; null: it does not say. */
  readonly pending: ((folder: string, database: Connection) => readonly string[]) | null;
}

const address = ({ host, port, database }: Connection, role: string): string =>
  `postgres://${role}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;

function run(command: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${status}\n${stdout}${stderr}`);
  return stdout + stderr;
}

const orders = 'create table orders (id bigint primary key, total numeric);\ninsert into orders values (1, 10);';
const status = `-- every order gets a status
alter table orders add column status text not null default 'new';
update orders set status = 'paid' where total > 5; -- a comment; with a semicolon`;
const items = `create table items (id bigint generated always as identity primary key, of bigint references orders, name text);
insert into items (of, name) select id, 'it''s' from orders;
create function touch() returns trigger language plpgsql as $$ begin new.name := trim(new.name); return new; end; $$;
create trigger touch before insert on items for each row execute function touch();`;
const noItems = 'drop table items;\ndrop function touch();';

function nodePgMigrate(words: readonly string[], folder: string, database: Connection): string {
  const cli = join(root, 'node_modules', 'node-pg-migrate', 'bin', 'node-pg-migrate.js');
  return run(process.execPath, [cli, ...words, '-m', 'migrations'], folder, {
    DATABASE_URL: address(database, 'app_owner'),
  });
}

const ofNode = (up: string, down: string): string => `-- Up Migration\n${up}\n\n-- Down Migration\n${down}\n`;

export const nodePgMigrateTool: RealTool = {
  name: 'node-pg-migrate',
  mark: { 'package.json': '{"dependencies":{"node-pg-migrate":"9.0.0"}}' },
  migrations: [
    ['migrations/1700000000001_orders.sql', ofNode(orders, 'drop table orders;')],
    ['migrations/1700000000002_status.sql', ofNode(status, 'alter table orders drop column status;')],
    ['migrations/1700000000003_items.sql', ofNode(items, noItems)],
    ['migrations/1700000000004_notes.sql', ofNode('create table notes (id int);', 'drop table notes;')],
  ],
  table: 'public.pgmigrations',
  rows: `select id || ' ' || name as name from public.pgmigrations order by id`,
  up: (folder, database) => nodePgMigrate(['up'], folder, database),
  pending: (folder, database) => {
    const said = nodePgMigrate(['up', '--dry-run'], folder, database);
    return [...said.matchAll(/^### MIGRATION (.*) \(UP\) ###$/gm)].map(([, name = '']) => name);
  },
};

/** dbmate is a program for one platform each, so it is no package of this one: it runs where it is found on PATH. */
const dbmate =
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'dbmate'))
    .find(existsSync) ?? null;

function runDbmate(words: readonly string[], folder: string, { host, port, database }: Connection): string {
  const url = `postgres://app_owner@localhost:${port}/${database}?socket=${encodeURIComponent(host)}&sslmode=disable`;
  return run(dbmate ?? '', ['--no-dump-schema', '--url', url, '-d', 'migrations', ...words], folder, {});
}

const ofDbmate = (up: string, down: string): string => `-- migrate:up\n${up}\n\n-- migrate:down\n${down}\n`;

export const dbmateTool: RealTool | null =
  dbmate === null
    ? null
    : {
        name: 'dbmate',
        mark: {},
        migrations: [
          ['migrations/20240101000001_orders.sql', ofDbmate(orders, 'drop table orders;')],
          ['migrations/20240101000002_status.sql', ofDbmate(status, 'alter table orders drop column status;')],
          ["migrations/20240101000003_it's-items.sql", ofDbmate(items, noItems)],
          ['migrations/20240101000004_notes.sql', ofDbmate('create table notes (id int);', 'drop table notes;')],
        ],
        table: 'public.schema_migrations',
        rows: 'select version as name from public.schema_migrations order by 1',
        up: (folder, database) => runDbmate(['up'], folder, database),
        pending: (folder, database) =>
          [...runDbmate(['status'], folder, database).matchAll(/^\[ \] (.*)\.sql$/gm)].map(([, name = '']) => name),
      };

const journal = (count: number): string =>
  JSON.stringify({
    dialect: 'postgresql',
    entries: ['0000_orders', '0001_status', '0002_items', '0003_notes']
      .slice(0, count)
      .map((tag, at) => ({ idx: at, tag, when: 1_700_000_000_000 + at, breakpoints: true })),
  });

const drizzleProgram = `import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
await migrate(drizzle(pool), { migrationsFolder: process.env.MIGRATIONS });
await pool.end();`;

export const drizzleTool: RealTool & { readonly journal: (count: number) => string } = {
  name: 'drizzle',
  mark: {},
  journal,
  migrations: [
    ['migrations/0000_orders.sql', orders],
    ['migrations/0001_status.sql', status],
    ['migrations/0002_items.sql', items.replaceAll(';\n', ';\n--> statement-breakpoint\n')],
    ['migrations/0003_notes.sql', 'create table notes (id int);'],
  ],
  table: 'drizzle.__drizzle_migrations',
  rows: `select id || ' ' || hash || ' ' || created_at as name from drizzle.__drizzle_migrations order by id`,
  up: (folder, database) =>
    run(process.execPath, ['--input-type=module', '-e', drizzleProgram], root, {
      DATABASE_URL: address(database, 'app_owner'),
      MIGRATIONS: join(folder, 'migrations'),
    }),
  pending: null,
};
