import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { id, sql } from '../../src/database/index.ts';
import { withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from '../gate/cycle.io.ts';
import { screen } from './screen.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** `script` of util-linux gives a command a terminal; others of the same name take other words. */
export const hasTerminals = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');

/** How a person's words are run. */
export interface Seat {
  /** Null: both outputs go into one pipe. */
  readonly columns: number | null;
  readonly env?: NodeJS.ProcessEnv;
}

/** A folder with a release, over a database with a gate, and somebody who types there. */
export interface Desk {
  readonly gated: Gated;
  readonly home: string;
  /** What was written, byte by byte, and the exit status. */
  type(line: string, seat: Seat): { readonly raw: string; readonly status: number | null };
  /** Things that others do meanwhile. */
  readonly deeds: Readonly<Record<string, () => Promise<unknown>>>;
}

/** Makes a desk, hands it over, and takes it away. */
export async function withDesk(use: (desk: Desk) => Promise<void>, plan: GatedPlan = {}): Promise<void> {
  await withGate('18', plan, async (gated) => {
    const { database, people } = gated;
    await withSession(database, async (session) => {
      await session.query(sql`revoke temporary on database ${id(database.database)} from public`);
      await session.query(sql`grant usage on schema public to oneroof_observer`);
      await session.query(sql`grant select on all tables in schema public to oneroof_observer`);
    });
    const home = mkdtempSync(join(tmpdir(), 'oneroof-desk-'));
    const bin = mkdtempSync(join(tmpdir(), 'oneroof-bin-'));
    writeFileSync(join(bin, 'oneroof'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    chmodSync(join(bin, 'oneroof'), 0o755);
    const address = (role: string, name = database.database): string =>
      `postgres://${role}@/${name}?host=${encodeURIComponent(database.host)}`;
    const setup = [
      'targets:',
      '  production:',
      `    url: "${address('oneroof_observer')}"`,
      `    relay: { url: "${address('oneroof_relay')}" }`,
      `    executor: { url: "${address('oneroof_executor')}" }`,
      'clone:',
      '  provider: template',
      `  admin: { url: "${address('postgres', 'postgres')}" }`,
      `  source: ${database.database}`,
      '  sameServer: true',
    ];
    const deeds: Desk['deeds'] = {
      'oneroof.yaml is filled in': async () => writeFileSync(join(home, 'oneroof.yaml'), setup.join('\n')),
      'the observer may read tables that are made later': async () =>
        await withSession(database, async (session) => {
          for (const kind of ['tables', 'sequences'])
            await session.run(
              `alter default privileges for role app_owner in schema public grant select on ${kind} to oneroof_observer`,
            );
        }),
      'a release is written': async () => {
        rmSync(join(home, 'release'), { recursive: true, force: true });
        cpSync(gated.folder, join(home, 'release'), { recursive: true });
      },
      'a word of its SQL is misspelled': async () =>
        writeFileSync(
          join(home, 'release', 'tiers', '2-table', 'up.sql'),
          'create table n (i integer);\ncreate tabel m ();\n',
        ),
      'its rollback forgets a row': async () =>
        writeFileSync(join(home, 'release', 'tiers', '1-rows', 'down.sql'), 'delete from t where i = 2;\n'),
      'its SQL is what pg_dump wrote': async () =>
        writeFileSync(
          join(home, 'release', 'tiers', '2-table', 'up.sql'),
          '\\restrict abc\n\ncreate table n (i integer);\ncopy n (i) from stdin;\n1\n2\n\\.\n\n   drop table old cascade;\n\\unrestrict abc\n',
        ),
      'semicolons are missing': async () =>
        writeFileSync(
          join(home, 'release', 'tiers', '2-table', 'up.sql'),
          "create table n (i integer, v text default 'é')\n\ncreate index on n (i)\ninsert into n values (1);\n",
        ),
      'the database has functions in a schema of their own': async () =>
        await withSession(database, async (session) => {
          for (const text of [
            'create schema stock',
            'create table stock.noted (i integer)',
            'create function stock.note() returns trigger language plpgsql as $$\nbegin\n  insert into noted values (new.i);\n  return new;\nend $$',
            `create function public.price(x integer) returns integer language plpgsql as $$\n${price('x := x + 1;')}\n$$`,
            // a release is rehearsed as the role of a rollout, which owns what it changes
            'alter schema stock owner to app_owner',
            'alter table stock.noted owner to app_owner',
            'alter function public.price(integer) owner to app_owner',
          ])
            await session.run(text);
        }),
      'a trigger calls one of them': async () =>
        await withSession(database, async (session) => {
          await session.run('create trigger note after insert on public.t for each row execute function stock.note()');
        }),
      'its rollback restores less than it should': async () => {
        writeFileSync(
          join(home, 'release', 'tiers', '2-table', 'up.sql'),
          `create table n (i integer);\ncreate or replace function public.price(x integer) returns integer language plpgsql as $$\n${price('x := x + 3;')}\n$$;\n`,
        );
        writeFileSync(
          join(home, 'release', 'tiers', '2-table', 'down.sql'),
          `drop table readiness;\ncreate or replace function public.price(x integer) returns integer language plpgsql as $$\n${price('x := x + 2;')}\n$$;\n`,
        );
      },
      'ana and ben ratify': async () => await gated.ratify(await gated.ratification(), [people.ana, people.ben]),
      'the owners are ready': async () =>
        await gated.as('app_owner', (session) => session.query(sql`insert into public.readiness values (1)`)),
    };
    try {
      await use({
        gated,
        home,
        deeds,
        type: (line, { columns, env = {} }) => {
          const { CI: _, NO_COLOR: __, ...outer } = process.env;
          const plan = {
            cwd: home,
            encoding: 'utf8' as const,
            env: {
              ...outer,
              TERM: 'xterm-256color',
              PATH: `${bin}:${process.env['PATH'] ?? ''}`,
              SHELL: '/bin/sh',
              ...env,
            },
          };
          const [program, words] =
            columns === null
              ? (['sh', ['-c', `{ ${line} ; } 2>&1`]] as const)
              : (['script', ['-qefc', `stty rows 50 cols ${columns}; ${line}`, '/dev/null']] as const);
          const { stdout, status } = spawnSync(program, words, plan);
          return { raw: stdout, status };
        },
      });
    } finally {
      for (const folder of [home, bin]) rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** The body of a function of which only the middle matters. */
function price(middle: string): string {
  const lines = (from: number): string => Array.from({ length: 12 }, (_, n) => `  x := x * ${from + n};`).join('\n');
  return `begin\n${lines(1)}\n  ${middle}\n${lines(20)}\n  return x;\nend`;
}

/** What differs from run to run: times, digests, places, counts of the server's own objects. */
function masked(text: string, { home, gated }: Desk): string {
  return (
    text
      .replaceAll(home, '/home/ana/shop')
      .replaceAll(gated.database.database, 'shop')
      .replaceAll(gated.database.host, '/run/postgresql')
      .replace(/sha256:[0-9a-f]{64}/g, 'sha256:…')
      .replace(/SHA256:[A-Za-z0-9+/]{43}/g, 'SHA256:…')
      .replace(/\b[0-9a-f]{12}\b/g, '…')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '(then)')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '(then)')
      .replace(/ *\b(\d+ min \d\d s|\d+(\.\d)? m?s)\b/g, ' (time)')
      .replace(/_c_[0-9a-f]+/g, '_c_…')
      .replace(/[\d,]+(?= (objects|relations|changed|rows)\b)/g, '(n)')
      .replace(/v\d+\.\d+\.\d+/g, 'v(n)')
      // where counts stand, the place at which a line is broken is as little the same
      .replace(/\(n\)[^\n]*(\n {14}(?! )[^\n]*)+/g, (fact) => fact.replace(/\n +/g, ' '))
      // a slow machine says more of a rehearsal
      .replace(/^[a-z-]+ (passed|failed) after \(time\)\n/gm, '')
  );
}

/**
 * Plays a session: types each line that begins with `$ `, does what stands in brackets, and compares all that is seen with the file.
 * With ONEROOF_SESSIONS=write the file is written instead (npm run sessions).
 *
 * Returns what was written to the terminal, byte by byte, by line that was typed.
 */
export async function play(desk: Desk, name: string, seat: Seat): Promise<ReadonlyMap<string, string>> {
  const folder = join(import.meta.dirname, 'sessions');
  const own = join(folder, `${name}.${seat.columns === null ? 'pipe' : 'terminal'}.txt`);
  const script = readFileSync(join(folder, `${name}.txt`), 'utf8')
    .trimEnd()
    .split('\n');
  const written = new Map<string, string>();
  const seen: string[] = [];
  for (const line of script) {
    seen.push(line);
    if (line.startsWith('(')) {
      const deed = desk.deeds[line.slice(1, -1)];
      if (deed === undefined) throw new Error(`nobody knows how to do ${line}`);
      await deed();
    }
    if (!line.startsWith('$ ')) continue;
    const { raw, status } = desk.type(line.slice(2), seat);
    written.set(line.slice(2), raw);
    const text = seat.columns === null ? raw : screen(raw);
    seen.push(...masked(text, desk).trimEnd().split('\n'));
    if (status !== 0) seen.push(`[exit ${status}]`);
    seen.push('');
  }
  const whole = `${seen.join('\n').trimEnd()}\n`;
  if (process.env['ONEROOF_SESSIONS'] === 'write') writeFileSync(own, whole);
  expect(whole).toBe(existsSync(own) ? readFileSync(own, 'utf8') : '');
  return written;
}
