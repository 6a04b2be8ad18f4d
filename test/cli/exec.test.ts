import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { writeFakeAws } from '../clone/exec/fake-aws.io.ts';
import { dblabToken, fakeDblab } from '../clone/exec/fake-dblab.io.ts';
import { withApi, withPort } from '../clone/exec/fake-http.io.ts';
import { fakeNeon, neonKey, neonPassword } from '../clone/exec/fake-neon.io.ts';
import { type Service, withService } from '../clone/exec/service.io.ts';
import { withSession } from '../database.io.ts';
import { type Answer, cli } from './run.io.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples', 'clones');
const release = {
  'release.yaml':
    'format: 1\nname: add-note\ntitle: Add a note\ndatabase: shop\ntouches: [public.orders]\ntiers:\n  - { id: 1-note, title: The column }\n',
  'tiers/1-note/up.sql': "alter table public.orders add column seen text default 'x';\n",
  'tiers/1-note/down.sql': 'alter table public.orders drop column seen;\n',
};

/** A folder with oneroof.yaml, a release and one of the examples. */
interface Place {
  readonly env: NodeJS.ProcessEnv;
  run(...words: string[]): Promise<Answer>;
}

/** Runs the command line while this process serves a fake. */
function placeOf(service: Service, given: { readonly clone: string; readonly env: NodeJS.ProcessEnv }): Place {
  const { folder, production } = service;
  for (const [name, text] of Object.entries(release)) {
    mkdirSync(join(folder, 'release', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'release', name), text);
  }
  const url = `postgres://look@/shop?host=${encodeURIComponent(production.connection('shop').host)}`;
  writeFileSync(
    join(folder, 'oneroof.yaml'),
    `targets:\n  production: { url: "${url}" }\nclone:\n  provider: exec\n${given.clone}`,
  );
  const env = { ...process.env, ...given.env };
  return {
    env,
    run: (...words) =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [cli, ...words], { cwd: folder, env });
        let [stdout, stderr] = ['', ''];
        child.stdout.on('data', (part) => (stdout += String(part)));
        child.stderr.on('data', (part) => (stderr += String(part)));
        child.on('close', (status) => resolve({ status, stdout, stderr }));
      }),
  };
}

/** Golden copy, clone, rehearsal, reset, drop: nothing is left at the service but the golden copy, and no secret anywhere. */
async function tellStory(service: Service, place: Place, secrets: readonly string[]): Promise<void> {
  const said: string[] = [];
  const run = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await place.run(...words);
    said.push(stdout, stderr);
    expect([words.join(' '), status, stderr]).toEqual([words.join(' '), 0, expect.not.stringContaining('error')]);
    return stdout;
  };
  expect(await run('doctor', '--json')).toContain('provider exec');
  expect(await run('clone', 'golden')).toContain('nothing connects it with production');
  const clone = (await run('clone', 'make', '--hours', '2')).trim();
  expect(clone).toMatch(/^oneroof-[0-9a-f]{8}-c-[0-9a-f]{12}$/);
  expect(await run('clone', 'open', clone)).toMatch(/psql 'host=/);
  expect(await run('clone', 'list')).toContain(clone);
  await run('clone', 'reset', clone);
  await run('seal', 'release');
  await run('rehearse', 'release');
  const dossier = await run('dossier', 'release');
  expect(dossier).toContain('nothing connects it with production');
  expect(dossier).toContain('the program says, and it was not checked');
  await run('report', 'release').catch(() => undefined);
  await run('clone', 'drop', clone);
  expect(await run('clone', 'list')).toBe('');
  expect(await run('clone', 'gc')).toBe('');
  const rows = await withSession(service.copies.connection('postgres'), (session) =>
    session.query<{ name: string }>(sql`
      select datname as name from pg_database where datname ~ '^(oneroof-.*-c-|br-)' and datname not in ('shop')`),
  );
  // a branch of Neon is its golden copy here
  expect(rows.map(({ name }) => name)).toEqual(rows.some(({ name }) => name === 'br-test-1') ? ['br-test-1'] : []);
  const files = readdirSync(service.folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((file) => file.isFile() && !join(file.parentPath, file.name).startsWith(join(service.folder, 'bin')))
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
  for (const secret of secrets) {
    expect(said.some((text) => text.includes(secret))).toBe(false);
    expect(files.some((text) => text.includes(secret))).toBe(false);
  }
}

const example = (service: Service, name: string): void =>
  cpSync(join(examples, name, `clone-${name}.mjs`), join(service.folder, `clone-${name}.mjs`));

describe('the examples of programs for clones, against a fake of each API', { timeout: 300_000 }, () => {
  it('Database Lab', () =>
    withService(async (service) => {
      const fake = fakeDblab(service);
      await withApi(fake.answer, async (url) => {
        example(service, 'dblab');
        const env = {
          DBLAB_URL: url,
          DBLAB_TOKEN: dblabToken,
          DBLAB_CLONE_PASSWORD: 'clone-secret',
          DBLAB_PAUSE_MS: '20',
        };
        const clone = `  command: [node, ./clone-dblab.mjs]\n  env: [${Object.keys(env).join(', ')}]\n`;
        await tellStory(service, placeOf(service, { clone, env }), [dblabToken, 'clone-secret']);
      });
      expect(fake.clones.size).toBe(0);
    }));

  it('Neon', () =>
    withService((service) =>
      withPort(service, async (port) => {
        const fake = fakeNeon(service, { port });
        await withApi(fake.answer, async (url) => {
          example(service, 'neon');
          const env = {
            NEON_API_URL: url,
            NEON_API_KEY: neonKey,
            NEON_PROJECT_ID: 'autumn-disk-1',
            NEON_PARENT_BRANCH: 'br-main-1',
            NEON_DATABASE: 'neondb',
            NEON_ROLE: 'postgres',
            NEON_PAUSE_MS: '20',
          };
          const clone = `  command: [node, ./clone-neon.mjs]\n  env: [${Object.keys(env).join(', ')}]\n`;
          await tellStory(service, placeOf(service, { clone, env }), [neonKey, neonPassword]);
        });
        expect([...fake.branches.values()].map(({ name }) => name)).toEqual(['main', expect.stringContaining('-g-')]);
      }),
    ));

  it('Amazon RDS', () =>
    withService(async (service) => {
      const fake = writeFakeAws(service);
      example(service, 'rds');
      const own = {
        AWS_SECRET_ACCESS_KEY: 'aws-secret',
        RDS_INSTANCE: 'shop-production',
        RDS_USER: 'postgres',
        RDS_CLONE_PASSWORD: 'clone-secret',
        RDS_CLASS: 'db.t4g.micro',
        RDS_SECURITY_GROUPS: 'sg-1,sg-2',
        RDS_PAUSE_MS: '20',
      };
      const clone = `  command: [${process.execPath}, ./clone-rds.mjs]\n  env: [${Object.keys(own).join(', ')}]\n`;
      const env = { ...own, PATH: `${fake.bin}:${process.env['PATH']}` };
      await tellStory(service, placeOf(service, { clone, env }), ['aws-secret', 'clone-secret']);
      // all users see the arguments of a program
      expect(fake.calls()).not.toContain('secret');
      expect(Object.keys(fake.state().instances)).toEqual(['shop-production']);
      expect(Object.keys(fake.state().snapshots)).toHaveLength(1);
    }));
});

describe('a service whose clones are not as its golden copy', { timeout: 300_000 }, () => {
  it('is found out by a rehearsal, however small the difference and however far from what the release changes', () =>
    withService(async (service) => {
      const clone = `  command: [${service.setup.command.join(', ')}]\n  folder: clones\n`;
      const place = placeOf(service, { clone, env: {} });
      expect((await place.run('clone', 'golden')).status).toBe(0);
      expect((await place.run('seal', 'release')).status).toBe(0);
      service.misbehave({
        always: 'true',
        clone: `await make(asked.golden.name); if (asked.purpose.startsWith('rehearsal')) await run("update public.aside set i = 2", [], asked.name); await verbs.clone()`,
      });
      const { status, stdout } = await place.run('rehearse', 'release', '--json');
      expect([status, stdout]).toEqual([1, expect.stringContaining('BACK_DIFFERS')]);
      expect(stdout).toContain('aside');
    }));
});

describe('a command that is killed', { timeout: 120_000 }, () => {
  it.each(['while the program works', 'once the clone is there'])('%s leaves nothing that gc does not find', (when) =>
    withService(async (service) => {
      const clone = `  command: [${service.setup.command.join(', ')}]\n  folder: clones\n`;
      const place = placeOf(service, { clone, env: {} });
      expect((await place.run('clone', 'golden')).status).toBe(0);
      expect((await place.run('seal', 'release')).status).toBe(0);
      const made = async (): Promise<readonly string[]> =>
        withSession(service.copies.connection('postgres'), async (session) =>
          (
            await session.query<{ name: string }>(
              sql`select datname as name from pg_database where datname like 'oneroof-%-c-%'`,
            )
          ).map(({ name }) => name),
        );
      if (when === 'while the program works')
        service.misbehave({ clone: `await new Promise((done) => setTimeout(done, 3000)); await verbs.clone()` });
      const child = spawn(process.execPath, [cli, 'rehearse', 'release'], { cwd: service.folder, stdio: 'ignore' });
      const journal = join(service.folder, 'clones');
      const isTime = async (): Promise<boolean> =>
        when === 'while the program works'
          ? readdirSync(journal).some((name) => name.startsWith('exec-clone-'))
          : (await made()).length > 1;
      while (!(await isTime())) await sleep(50);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.on('close', resolve));
      // the program goes on by itself
      while ((await made()).length === 0) await sleep(100);
      const gc = await place.run('clone', 'gc');
      expect([gc.status, gc.stderr]).toEqual([0, '']);
      expect(await made()).toEqual([]);
      expect(readdirSync(journal).filter((name) => name.startsWith('exec-clone-'))).toEqual([]);
    }),
  );

  it('while it asks for a golden copy asks for the same one again', () =>
    withService(async (service) => {
      const clone = `  command: [${service.setup.command.join(', ')}]\n  folder: clones\n`;
      const place = placeOf(service, { clone, env: {} });
      service.misbehave({ golden: `await new Promise((done) => setTimeout(done, 2000)); await verbs.golden()` });
      const child = spawn(process.execPath, [cli, 'clone', 'golden'], { cwd: service.folder, stdio: 'ignore' });
      while (!service.asked().some(({ verb }) => verb === 'golden')) await sleep(50);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.on('close', resolve));
      expect((await place.run('clone', 'golden')).status).toBe(0);
      const golden = service.asked().filter(({ verb }) => verb === 'golden');
      expect(golden.map(({ request }) => request)).toEqual([golden[0]?.request, golden[0]?.request]);
    }));
});
