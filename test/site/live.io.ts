import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, id, sql } from '../../src/database/index.ts';
import { openBoard } from '../../src/cli/work.io.ts';
import { openStore } from '../../src/store.io.ts';
import { serveSite, type Serving } from '../../src/site/index.ts';
import { type Policy } from '../../src/people/index.ts';
import { readSetup, type Setup } from '../../src/setup/index.ts';
import { withDatabase, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from '../gate/cycle.io.ts';
import { threeTiers } from '../release/three.fixture.ts';
import { freePort } from '../signing/browser.io.ts';

/** Its rollback restores everything. */
const files = threeTiers({
  touches: 'public.c',
  also: {
    '1 up': 'insert into a values (1)',
    '2 up': 'alter table b add column j integer',
    '3 up': 'create table c (i integer)',
    '3 down': 'drop table if exists c',
  },
});

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** A command that runs as a process of its own. */
export interface Command {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly told: string }>;
}

/** A ground, its oneroof.yaml, a site over it, and commands on it. */
export interface Stage {
  readonly gated: Gated;
  readonly home: string;
  readonly setup: Setup;
  readonly serving: Serving;
  readonly origin: string;
  readonly token: string;
  /** Runs a command of the built command line on the release. */
  start(verb: string, ...words: readonly string[]): Command;
}

/** As the form of a policy wants it: a review of no time at all is none. */
const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];

const urlOf = (role: string, { database, host }: Connection): string =>
  `postgres://${role}@/${database}?host=${encodeURIComponent(host)}`;

/** Serves a site for a gated database, whose policy has its pages there, hands all of it over, and takes it away. */
export async function withStage(
  use: (stage: Stage) => Promise<void>,
  plan: Pick<GatedPlan, 'files' | 'application'> & {
    /** A database without a gate, which is a target as well: `bare`. */
    readonly beside?: Connection;
  } = {
    files,
    application: ['create table base (id integer)', 'insert into base values (1)'],
  },
): Promise<void> {
  const origin = `http://localhost:${await freePort()}`;
  await withGate('18', { ...plan, policy: { origin, rpId: 'localhost', window } }, async (gated) => {
    const { database } = gated;
    await withSession(database, async (session) => {
      await session.query(sql`revoke temporary on database ${id(database.database)} from public`);
      await session.query(sql`grant usage on schema public to oneroof_observer`);
      await session.query(sql`grant select on all tables in schema public to oneroof_observer`);
    });
    const home = mkdtempSync(join(tmpdir(), 'oneroof-live-'));
    writeFileSync(
      join(home, 'oneroof.yaml'),
      [
        'targets:',
        '  production:',
        `    url: "${urlOf('oneroof_observer', database)}"`,
        `    executor: { url: "${urlOf('oneroof_executor', database)}" }`,
        `    relay: { url: "${urlOf('oneroof_relay', database)}" }`,
        '  elsewhere:',
        '    url: "postgres://nobody@127.0.0.1:1/none"',
        ...(plan.beside === undefined ? [] : ['  bare:', `    url: "${urlOf('oneroof_observer', plan.beside)}"`]),
        'defaultTarget: production',
        'clone:',
        '  provider: template',
        `  admin: { url: "${urlOf('postgres', { ...database, database: 'postgres' })}" }`,
        `  source: ${database.database}`,
        '  sameServer: true',
      ].join('\n'),
    );
    const setup = await readSetup(home);
    const commands: Command[] = [];
    const start: Stage['start'] = (verb, ...words) => {
      const child = spawn(process.execPath, [main, verb, gated.folder, ...words, '-C', home], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let told = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += String(chunk)));
      const ended = new Promise<{ code: number | null; told: string }>((resolve) =>
        child.once('close', (code) => resolve({ code, told })),
      );
      const command = { process: child, ended };
      commands.push(command);
      return command;
    };
    await withDatabase('18', async (state) => {
      const serving = await serveSite({
        setup,
        store: openStore(setup),
        board: openBoard(setup),
        state,
        origin,
        listen: { host: '127.0.0.1', port: Number(new URL(origin).port) },
        tls: null,
        tokenFile: join(home, 'token'),
        onDefect: (error) => process.stderr.write(`${String(error)}\n`),
      });
      try {
        const token = serving.url.split('#')[1] ?? '';
        await use({ gated, home, setup, serving, origin, token, start });
      } finally {
        for (const { process: child } of commands) child.kill('SIGKILL');
        await Promise.all(commands.map(({ ended }) => ended));
        await serving.close();
      }
    }).finally(() => rmSync(home, { recursive: true }));
  });
}
