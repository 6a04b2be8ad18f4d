import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Connection, type Session } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type SealedRelease } from '../../src/release/index.ts';
import { withSession } from '../database.io.ts';
import { type GatedPlan, withGate } from '../gate/cycle.io.ts';
import { type Errand } from './errand.ts';

/** Three tiers, the second one step by step, and a last one that is barred. */
export const files: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: three
title: Three
database: shop
touches: [public.a, public.b, public.c, public.base, public.never]
settings: { lockTimeout: 200ms }
metrics:
  rows: rows
invariants:
  greenfield: { rows: 1 }
  finalized: { rows: 1 }
tiers:
  - { id: 1-first, title: First }
  - { id: 2-each, title: Each, transaction: each }
  - { id: 3-last, title: Last }
  - { id: 4-barred, title: Barred, barred: not yet }
`,
  'tiers/1-first/up.sql': 'create table a (i integer);\ninsert into a values (1);\n',
  'tiers/1-first/down.sql': 'drop table if exists a;\n',
  'tiers/2-each/up.sql': 'create table b (i integer);\nalter table b add column j integer;\n',
  'tiers/2-each/down.sql': 'alter table if exists b drop column if exists j;\ndrop table if exists b;\n',
  'tiers/3-last/up.sql': 'create table c (i integer);\nupdate base set id = 2;\n',
  'tiers/3-last/down.sql': 'drop table if exists c;\nupdate base set id = 1;\n',
  'tiers/4-barred/up.sql': 'create table never (i integer);\n',
  'tiers/4-barred/down.sql': 'drop table if exists never;\n',
  'metrics/rows.sql': 'select count(*) from base\n',
};

/** A database with a gate, a sealed release in a folder, and a way to ratify it. */
export interface Ground {
  readonly database: Connection;
  /** As the executor. */
  readonly connection: Connection;
  readonly sealed: SealedRelease;
  readonly folder: string;
  /** As the superuser. */
  readonly session: Session;
  /** Ratifies the release by so many persons; two are enough. */
  submit(persons?: 1 | 2): Promise<StatementDigest>;
}

/** Makes a ground, hands it over, and takes it away. */
export function withGround<T>(
  version: '18' | '15',
  use: (ground: Ground) => Promise<T>,
  plan: Pick<GatedPlan, 'owned'> = {},
): Promise<T> {
  const application = ['create table base (id integer)', 'insert into base values (1)'];
  return withGate(version, { files, application, ...plan }, async (gated) => {
    const { database, sealed, folder, people } = gated;
    return await withSession(database, async (session) => {
      const submit = async (persons: 1 | 2 = 2): Promise<StatementDigest> =>
        await gated.ratify(await gated.ratification(), [people.ana, people.ben].slice(0, persons));
      return await use({
        database,
        connection: { ...database, user: 'oneroof_executor' },
        sealed,
        folder,
        session,
        submit,
      });
    });
  });
}

/** Runs the executor in a process of its own. */
export function startRunner(errand: Errand): {
  readonly pid: number;
  readonly ended: Promise<{ readonly signal: string | null; readonly told: string }>;
} {
  const runner = join(import.meta.dirname, 'runner.io.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', runner, JSON.stringify(errand)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += String(chunk)));
  const ended = new Promise<{ signal: string | null; told: string }>((resolve) =>
    child.once('close', (_code, signal) => resolve({ signal, told })),
  );
  return { pid: child.pid ?? 0, ended };
}
