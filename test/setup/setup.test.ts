import { mkdtempSync, writeFileSync, mkdirSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { initSetup, readSetup, targetOf } from '../../src/setup/index.ts';

const made: string[] = [];
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-setup-'));
  made.push(folder);
  return folder;
}

function folderWith(text: string): string {
  const folder = temporary();
  writeFileSync(join(folder, 'oneroof.yaml'), text);
  return folder;
}

async function problemsOf(text: string): Promise<OneRoofError> {
  const error: unknown = await readSetup(folderWith(text), {}).catch((reason: unknown) => reason);
  if (error instanceof OneRoofError) return error;
  throw error;
}

test('a fresh oneroof.yaml is read as it is, and is never overwritten', async () => {
  const folder = temporary();
  const file = await initSetup(folder);
  const setup = await readSetup(folder, {});
  expect(setup).toMatchObject({
    file,
    defaultTarget: 'production',
    clone: null,
    evidence: { kept: 'folder', folder: join(folder, '.oneroof/evidence') },
    policy: { rehearsalMaxAge: 7 * 86_400_000, gateMaxAge: 3_600_000 },
  });
  expect(targetOf(setup).observer).toMatchObject({
    host: 'HOST',
    database: 'DATABASE',
    sslmode: 'verify-full',
  });
  await expect(initSetup(folder)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  await expect(initSetup(join(folder, 'none'))).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
});

test('both clone providers are read, with paths relative to the file and addresses resolved on use', async () => {
  const folder = folderWith(
    'targets: {a: {urlFrom: A_URL, passwordFile: secret/a}}\nclone: {provider: physical, backup: {urlFrom: B_URL}, folder: clones}\n',
  );
  mkdirSync(join(folder, 'secret'));
  writeFileSync(join(folder, 'secret/a'), 'hush\n');
  chmodSync(join(folder, 'secret/a'), 0o600);
  const setup = await readSetup(join(folder, 'oneroof.yaml'), { A_URL: 'postgres://u@h/d' });
  expect(targetOf(setup, 'a').observer.password?.reveal()).toBe('hush');
  expect(JSON.stringify(targetOf(setup, 'a'))).not.toContain('hush');
  expect(setup.clone).toMatchObject({
    provider: 'physical',
    folder: join(folder, 'clones'),
    dataDirectory: null,
    bin: null,
  });
  expect(() => setup.clone?.provider === 'physical' && setup.clone.backup).toThrow(/B_URL, which is not set/);
  const template = await readSetup(
    folderWith('targets: {a: {}}\nclone: {provider: template, admin: {url: "postgres:///x"}, source: s}\n'),
    {},
  );
  expect(template.clone).toMatchObject({
    provider: 'template',
    source: 's',
    sameServer: false,
    admin: { database: 'x' },
  });
});

test('a target may name the roles that do more than look; each is null where it does not', async () => {
  const plain = await readSetup(folderWith('targets: {a: {url: "postgres:///x"}}'), {});
  expect(targetOf(plain)).toMatchObject({ executor: null, relay: null, admin: null });
  const text =
    'targets:\n  a:\n    url: postgres:///x\n    executor: {url: "postgres://runs@h/x"}\n    relay: {urlFrom: RELAY_URL}\n    admin: {}\n';
  const setup = await readSetup(folderWith(text), { PGUSER: 'dba', PGHOST: 'h', PGDATABASE: 'x' });
  const target = targetOf(setup);
  expect(target.observer).toMatchObject({ database: 'x' });
  expect(target.executor).toMatchObject({ user: 'runs', host: 'h' });
  expect(target.admin).toMatchObject({ user: 'dba' });
  expect(() => target.relay).toThrow(/RELAY_URL, which is not set/);
  const error = await problemsOf('targets: {a: {executor: {url: "postgres://u:hunter2@h/d", role: x}}}');
  expect(error.problems).toHaveLength(2);
  expect(JSON.stringify([error.message, error.problems])).not.toContain('hunter2');
});

test('policy, registry and the port of the page have names of their own and defaults', async () => {
  const folder = folderWith('targets: {a: {}}');
  expect(await readSetup(folder, {})).toMatchObject({
    policyFile: join(folder, 'policy.yaml'),
    registryFile: join(folder, 'registry.json'),
    pagePort: 8443,
  });
  const other = folderWith('targets: {a: {}}\npolicyFile: gate/p.yaml\nregistryFile: /etc/r.json\npagePort: 9000\n');
  expect(await readSetup(other, {})).toMatchObject({
    policyFile: join(other, 'gate/p.yaml'),
    registryFile: '/etc/r.json',
    pagePort: 9000,
  });
  expect((await problemsOf('targets: {a: {}}\npagePort: 70000')).code).toBe('CONFIG_INVALID');
});

test('all problems are named at once, each with its line', async () => {
  const error = await problemsOf(
    'targets:\n  Prod: {}\nspeed: fast\npolicy:\n  gateMaxAge: soon\nclone:\n  provider: tape\n',
  );
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.problems.map((problem) => problem.place?.line).sort()).toEqual([2, 3, 5, 7]);
});

test('a password in a url is refused and not repeated', async () => {
  const error = await problemsOf('targets:\n  a:\n    url: postgres://u:hunter2@h/d\nextra: 1\n');
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.problems[0]?.fix).toContain('passwordFile');
  expect(JSON.stringify([error.message, error.problems])).not.toContain('hunter2');
});

test('two ways to say where one database is are refused', async () => {
  expect((await problemsOf('targets: {a: {url: "postgres:///x", service: y}}')).message).toContain(
    'at most one of url',
  );
});

test('a file or target that is not there is CONFIG_NOT_FOUND or CONFIG_TARGET_UNKNOWN', async () => {
  await expect(readSetup('/nowhere/at/all', {})).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  const setup = await readSetup(folderWith('targets: {a: {}}'), {});
  for (const name of ['b', '__proto__', 'toString'])
    expect(() => targetOf(setup, name)).toThrowError(expect.objectContaining({ code: 'CONFIG_TARGET_UNKNOWN' }));
  await expect(readSetup(folderWith('targets: {a: {}}\ndefaultTarget: z'), {})).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
});
