import { chmodSync, mkdtempSync, rmSync, writeFileSync, readFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgramSetup } from '../../../src/clone/exec/call-program.io.ts';
import { type Milliseconds } from '../../../src/core/index.ts';
import { type Connection, observerStatements, type Server, startTemporaryServer } from '../../../src/database/index.ts';
import { type Target } from '../../../src/setup/index.ts';
import { binariesOf } from '../../binaries.io.ts';
import { runSql } from '../../database.io.ts';

/** A production, a server for its copies, and a program that makes them there. */
export interface Service {
  readonly production: Server;
  readonly copies: Server;
  readonly folder: string;
  readonly target: Target;
  readonly setup: ProgramSetup;
  /** What the program was asked, in order. */
  asked(): readonly {
    readonly verb: string;
    readonly request: string;
    readonly name?: string;
    readonly kind?: string;
  }[];
  /** Lets the program do this instead, once for each verb that is named, or `always`: statements over `asked`, `answer`, `run`, `connection`. */
  misbehave(by: Readonly<Record<string, string>>): void;
}

/** The statements that production and the copy were made by. */
export const shop = [
  'create table public.orders (id integer primary key, note text)',
  `insert into public.orders select i, 'n' || i from generate_series(1, 500) i`,
  'create table public.aside as select 1 as i',
];

/** The program: databases of one server for clones, by CREATE DATABASE … TEMPLATE, and a file in place of a service's API. */
const program = (of: { readonly copies: Connection; readonly folder: string }): string => `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import pg from ${JSON.stringify(import.meta.resolve('pg'))};
const place = ${JSON.stringify({ host: of.copies.host, port: of.copies.port, user: of.copies.user })};
const file = (name) => ${JSON.stringify(of.folder)} + '/' + name;
const asked = JSON.parse(readFileSync(0, 'utf8'));
appendFileSync(file('asked.jsonl'), JSON.stringify(asked) + '\\n');
const run = async (text, values, database = 'postgres') => {
  const client = new pg.Client({ ...place, database });
  await client.connect();
  try { return (await client.query(text, values)).rows; } finally { await client.end(); }
};
const id = (name) => '"' + name + '"';
const connection = (database) => ({ ...place, database });
const answer = (more = {}) => console.log(JSON.stringify({ version: 1, request: asked.request, ...more }));
const isThere = async (name) => (await run('select from pg_database where datname = $1', [name])).length > 0;
const make = async (from) => { if (!(await isThere(asked.name))) await run('create database ' + id(asked.name) + ' template ' + id(from) + ' strategy file_copy'); };
const verbs = {
  probe: () => answer({ program: 'test' }),
  golden: async () => { await make('shop'); answer({ id: 'db:' + asked.name, takenAt: new Date().toISOString(), said: ['made for a test'] }); },
  clone: async () => { await make(asked.golden.name); answer({ id: 'db:' + asked.name, connection: connection(asked.name) }); },
  reset: async () => { await run('drop database ' + id(asked.name) + ' with (force)'); await verbs.clone(); },
  drop: async () => { await run('drop database if exists ' + id(asked.name) + ' with (force)'); answer(); },
  list: async () => {
    const rows = await run("select datname as name from pg_database where datname like $1 order by 1", [asked.place + '-%']);
    answer({ objects: rows.map(({ name }) => ({ kind: name.includes('-g-') ? 'golden' : 'clone', name, id: 'db:' + name })) });
  },
};
const bad = existsSync(file('bad.json')) ? JSON.parse(readFileSync(file('bad.json'), 'utf8')) : {};
const act = bad[asked.verb];
if (act === undefined) await verbs[asked.verb]();
else {
  if (!bad.always) delete bad[asked.verb];
  writeFileSync(file('bad.json'), JSON.stringify(bad));
  await new (async () => undefined).constructor('asked', 'answer', 'run', 'connection', 'verbs', 'make', act)(asked, answer, run, connection, verbs, make);
}
`;

export async function withService(use: (service: Service) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-service-'));
  chmodSync(folder, 0o755);
  const servers: Server[] = [];
  try {
    const binaries = binariesOf('18');
    const [production, copies] = await Promise.all(
      ['production', 'copies'].map(async () => {
        // that changed blocks could be read, and are not
        const server = await startTemporaryServer({ binaries, settings: { summarize_wal: 'on' } });
        servers.push(server);
        return server;
      }),
    );
    if (production === undefined || copies === undefined) throw new Error('no server');
    await runSql(production.connection('postgres'), ['create role look login', 'create database shop']);
    await runSql(production.connection('shop'), [...shop, ...observerStatements('look', ['public'])]);
    await runSql(copies.connection('postgres'), ['create role look login', 'create database shop']);
    await runSql(copies.connection('shop'), [...shop, ...observerStatements('look', ['public'])]);
    const file = join(folder, 'program.mjs');
    writeFileSync(file, program({ copies: copies.connection('postgres'), folder }));
    const asked = join(folder, 'asked.jsonl');
    await use({
      production,
      copies,
      folder,
      target: {
        name: 'production',
        observer: { ...production.connection('shop'), user: 'look' },
        executor: null,
        relay: null,
        admin: null,
      },
      setup: {
        provider: 'exec',
        command: [process.execPath, file],
        startIn: folder,
        variables: new Map(),
        deadline: 20_000 as Milliseconds,
        folder: join(folder, 'clones'),
      },
      asked: () =>
        existsSync(asked)
          ? readFileSync(asked, 'utf8')
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as { verb: string; request: string; name?: string })
          : [],
      misbehave: (by) => writeFileSync(join(folder, 'bad.json'), JSON.stringify(by)),
    });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
