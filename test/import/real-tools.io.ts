import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection } from '../../src/database/index.ts';

const root = join(import.meta.dirname, '..', '..');

/** A migration tool that is installed, on a folder with its migrations. */
export interface RealTool {
  readonly name: string;
  /** By what One Roof knows the folder. */
  readonly mark: Readonly<Record<string, string>>;
  /** The first migration is run by the tool everywhere; the others are pending in production. */
  readonly migrations: readonly Readonly<Record<string, string>>[];
  /** Whether the import has a down of each. */
  readonly down: boolean;
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

/** Runs a program of Node; some end with 1 to say that something is pending. */
function run(
  words: readonly string[],
  { cwd, env = {}, ends = [0] }: { cwd: string; env?: NodeJS.ProcessEnv; ends?: readonly number[] },
): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status === null || !ends.includes(status)) throw new Error(`${words.join(' ')}: ${status}\n${stdout}${stderr}`);
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
  return run([cli, ...words, '-m', 'migrations'], {
    cwd: folder,
    env: { DATABASE_URL: address(database, 'app_owner') },
  });
}

const ofNode = (up: string, down: string): string => `-- Up Migration\n${up}\n\n-- Down Migration\n${down}\n`;

export const nodePgMigrateTool: RealTool = {
  name: 'node-pg-migrate',
  down: true,
  mark: { 'package.json': '{"dependencies":{"node-pg-migrate":"9.0.0"}}' },
  migrations: [
    { ['migrations/1700000000001_orders.sql']: ofNode(orders, 'drop table orders;') },
    { ['migrations/1700000000002_status.sql']: ofNode(status, 'alter table orders drop column status;') },
    { ['migrations/1700000000003_items.sql']: ofNode(items, noItems) },
    { ['migrations/1700000000004_notes.sql']: ofNode('create table notes (id int);', 'drop table notes;') },
  ],
  table: 'public.pgmigrations',
  rows: `select id || ' ' || name as name from public.pgmigrations order by id`,
  up: (folder, database) => nodePgMigrate(['up'], folder, database),
  pending: (folder, database) => {
    const said = nodePgMigrate(['up', '--dry-run'], folder, database);
    return [...said.matchAll(/^### MIGRATION (.*) \(UP\) ###$/gm)].map(([, name = '']) => name);
  },
};

function runDbmate(words: readonly string[], folder: string, { host, port, database }: Connection): string {
  const url = `postgres://app_owner@localhost:${port}/${database}?socket=${encodeURIComponent(host)}&sslmode=disable`;
  const cli = join(root, 'node_modules', 'dbmate', 'dist', 'cli.js');
  return run([cli, '--no-dump-schema', '--url', url, '-d', 'migrations', ...words], { cwd: folder });
}

const ofDbmate = (up: string, down: string): string => `-- migrate:up\n${up}\n\n-- migrate:down\n${down}\n`;

export const dbmateTool: RealTool = {
  name: 'dbmate',
  down: true,
  mark: {},
  migrations: [
    { ['migrations/20240101000001_orders.sql']: ofDbmate(orders, 'drop table orders;') },
    { ['migrations/20240101000002_status.sql']: ofDbmate(status, 'alter table orders drop column status;') },
    { ["migrations/20240101000003_it's-items.sql"]: ofDbmate(items, noItems) },
    { ['migrations/20240101000004_notes.sql']: ofDbmate('create table notes (id int);', 'drop table notes;') },
  ],
  table: 'public.schema_migrations',
  rows: 'select version as name from public.schema_migrations order by 1',
  up: (folder, database) => runDbmate(['up'], folder, database),
  pending: (folder, database) =>
    [...runDbmate(['status'], folder, database).matchAll(/^\[ \] (.*)\.sql$/gm)].map(([, name = '']) => name),
};

/** Files of graphile-migrate are a chain of hashes; the tool refuses a wrong one. */
function committed(all: readonly (readonly [message: string, body: string])[]): RealTool['migrations'] {
  let previous = '-';
  return all.map(([message, body], at) => {
    const hashed = previous === '-' ? body : `${previous}\n${body}`;
    const hash = `sha1:${createHash('sha1').update(`${hashed.trim()}\n`).digest('hex')}`;
    const text = `--! Previous: ${previous}\n--! Hash: ${hash}\n--! Message: ${message}\n\n${body}\n`;
    previous = hash;
    return { [`migrations/committed/00000${at + 1}-${message}.sql`]: text };
  });
}

function graphileMigrate(words: readonly string[], folder: string, database: Connection): string {
  const cli = join(root, 'node_modules', 'graphile-migrate', 'dist', 'cli.js');
  // status ends with 1 where some are pending
  const ends = words[0] === 'status' ? [0, 1] : [0];
  return run([cli, ...words], { cwd: folder, env: { DATABASE_URL: address(database, 'app_owner') }, ends });
}

export const graphileMigrateTool: RealTool = {
  name: 'graphile-migrate',
  down: false,
  mark: { '.gmrc': '{}' },
  migrations: committed([
    ['orders', orders],
    ['status', status],
    ['items', items],
    ['notes', 'create table notes (id int);'],
  ]),
  table: 'graphile_migrate.migrations',
  rows: `select filename || ' ' || hash || ' ' || coalesce(previous_hash, '') as name from graphile_migrate.migrations order by 1`,
  up: (folder, database) => graphileMigrate(['migrate'], folder, database),
  pending: (folder, database) => {
    const said = graphileMigrate(['status'], folder, database);
    return [...said.matchAll(/^ {2}(\S+\.sql)$/gm)].map(([, name = '']) => name);
  },
};

/** Too large for every checkout: it runs where `npm ci --prefix test/tools --ignore-scripts` installed it. */
const prismaFolder = join(root, 'test', 'tools', 'node_modules');

/** With its engine as WebAssembly, over the driver of node: the program for each platform is downloaded from elsewhere, and is named as absent. */
const prismaConfig = `import { PrismaPg } from ${JSON.stringify(join(prismaFolder, '@prisma/adapter-pg/dist/index.mjs'))};
export default {
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  engine: 'js',
  experimental: { adapter: true },
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }),
};
`;

function runPrisma(words: readonly string[], folder: string, database: Connection): string {
  const cli = join(prismaFolder, 'prisma', 'build', 'index.js');
  return run([cli, 'migrate', ...words, '--config', 'prisma.config.mjs'], {
    cwd: folder,
    env: {
      DATABASE_URL: address(database, 'app_owner'),
      PRISMA_QUERY_ENGINE_LIBRARY: cli,
      PRISMA_SCHEMA_ENGINE_BINARY: cli,
      CHECKPOINT_DISABLE: '1',
    },
    ends: words[0] === 'status' ? [0, 1] : [0],
  });
}

const ofPrisma = (name: string, up: string, down: string): Readonly<Record<string, string>> => ({
  [`migrations/${name}/migration.sql`]: `${up}\n`,
  [`migrations/${name}/down.sql`]: `${down}\n`,
});

/** null: it is not installed. */
export const prismaTool: RealTool | null = existsSync(prismaFolder)
  ? {
      name: 'prisma',
      mark: {
        'prisma.config.mjs': prismaConfig,
        'schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
        'migrations/migration_lock.toml': 'provider = "postgresql"\n',
      },
      down: true,
      migrations: [
        ofPrisma('20240101000001_orders', orders, 'drop table orders;'),
        // the driver cuts a file at each semicolon, also in a comment or a body: that is not what the program of a platform does
        ofPrisma(
          '20240101000002_status',
          `alter table orders add column "it's" text;`,
          `alter table orders drop "it's";`,
        ),
        ofPrisma('20240101000003_items', 'create table items (id bigint);\n-- no more', 'drop table items;'),
        ofPrisma('20240101000004_notes', 'create table notes (id int);', 'drop table notes;'),
      ],
      table: 'public._prisma_migrations',
      rows: `select concat_ws(' ', migration_name, checksum, applied_steps_count, finished_at is not null, rolled_back_at is not null, logs)
        as name from public._prisma_migrations order by 1`,
      up: (folder, database) => runPrisma(['deploy'], folder, database),
      pending: (folder, database) => {
        const [, said = ''] =
          /have not yet been applied:\n([\s\S]*?)\n\n/.exec(runPrisma(['status'], folder, database)) ?? [];
        return said.split('\n').filter((line) => /^\d+_/.test(line));
      },
    }
  : null;

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
  down: false,
  mark: {},
  journal,
  migrations: [
    { ['migrations/0000_orders.sql']: orders },
    { ['migrations/0001_status.sql']: status },
    { ['migrations/0002_items.sql']: items.replaceAll(';\n', ';\n--> statement-breakpoint\n') },
    { ['migrations/0003_notes.sql']: 'create table notes (id int);' },
  ],
  table: 'drizzle.__drizzle_migrations',
  rows: `select id || ' ' || hash || ' ' || created_at as name from drizzle.__drizzle_migrations order by id`,
  up: (folder, database) =>
    run(['--input-type=module', '-e', drizzleProgram], {
      cwd: root,
      env: { DATABASE_URL: address(database, 'app_owner'), MIGRATIONS: join(folder, 'migrations') },
    }),
  pending: null,
};
