import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server as Listener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { refuseVersion } from '../../src/database/connect-error.ts';
import {
  type Connection,
  createCluster,
  embeddedBinaries,
  openSession,
  ownFolder,
  resolveConnection,
  secret,
  type Server,
  sql,
  startServer,
} from '../../src/database/index.ts';
import { runSql } from '../database.io.ts';

const folder = mkdtempSync(join(tmpdir(), 'oneroof-test-'));
const certificate = join(folder, 'server.crt');
const stranger = join(folder, 'stranger.crt');
let server: Server;
let port = 0;

const tcp = (more: Partial<Connection> = {}): Connection => ({
  host: 'localhost',
  port,
  user: 'guest',
  database: 'postgres',
  password: secret('s3cret'),
  ...more,
});
const open = (connection: Connection) => openSession(connection, { applicationName: 'test' });

async function encrypted(connection: Connection): Promise<unknown> {
  const session = await open(connection);
  const [row] = await session.query<{ ssl: string }>(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`);
  await session.close();
  return row?.ssl;
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.catch((reason: unknown) => reason);
  if (!(error instanceof OneRoofError)) throw error;
  expect(error.message).not.toContain('s3cret');
  return error.code;
}

async function listen(listener: Listener): Promise<number> {
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

function makeCertificate(name: string, file: string): void {
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=DNS:${name}`,
    '-keyout',
    file.replace('.crt', '.key'),
    '-out',
    file,
  ]);
  if (made.status !== 0) throw new Error(String(made.stderr));
}

beforeAll(async () => {
  const binaries = embeddedBinaries();
  const probe = createServer();
  port = await listen(probe);
  probe.close();
  ownFolder(folder, binaries);
  const data = join(folder, 'data');
  mkdirSync(data);
  await createCluster({ binaries, data });
  makeCertificate('localhost', certificate);
  makeCertificate('elsewhere', stranger);
  const key = join(folder, 'server.key');
  chmodSync(key, 0o600);
  if (binaries.runAs !== null)
    for (const file of [key, certificate]) chownSync(file, binaries.runAs.uid, binaries.runAs.gid);
  writeFileSync(
    join(data, 'pg_hba.conf'),
    'local all all trust\nhostnossl all sealed all reject\nhostnossl all plain all trust\nhost all all all scram-sha-256\n',
  );
  const settings = {
    listen_addresses: 'localhost',
    port: String(port),
    ssl: 'on',
    ssl_cert_file: certificate,
    ssl_key_file: key,
  };
  server = await startServer({ binaries, data, settings });
  await runSql({ ...server.connection('postgres'), port }, [
    "create role guest login password 's3cret'",
    "create role busy login password 's3cret' connection limit 0",
    'create role plain login',
  ]);
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('sslmode decides on encryption and on what is verified', async () => {
  expect(await encrypted(tcp())).toBe('t');
  expect(await encrypted(tcp({ sslmode: 'prefer' }))).toBe('t');
  expect(await encrypted(tcp({ sslmode: 'require' }))).toBe('t');
  expect(await encrypted(tcp({ sslmode: 'disable' }))).toBe('f');
  expect(await encrypted(tcp({ sslmode: 'allow' }))).toBe('f');
  expect(await encrypted(tcp({ sslmode: 'verify-full', sslrootcert: certificate }))).toBe('t');
  expect(await encrypted(tcp({ sslmode: 'verify-ca', sslrootcert: certificate, host: '127.0.0.1' }))).toBe('t');
  expect(await codeOf(open(tcp({ sslmode: 'verify-full' })))).toBe('CONNECT_TLS');
  expect(await codeOf(open(tcp({ sslmode: 'verify-full', sslrootcert: certificate, host: '127.0.0.1' })))).toBe(
    'CONNECT_TLS',
  );
  expect(await codeOf(open(tcp({ sslmode: 'verify-ca', sslrootcert: stranger })))).toBe('CONNECT_TLS');
  expect(await codeOf(open(tcp({ sslmode: 'require', sslrootcert: stranger })))).toBe('CONNECT_TLS');
  expect(await codeOf(open(tcp({ sslmode: 'verify-ca', sslrootcert: join(folder, 'none') })))).toBe('CONFIG_NOT_FOUND');
});

test('prefer falls back and require does not, where the server does not encrypt', async () => {
  // in front of the real server: it answers N to a request for encryption (code 80877103) and passes everything else through
  const front = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      if (first.length === 8 && first.readInt32BE(4) === 80_877_103) {
        socket.end('N');
        return;
      }
      const behind = connect(port, 'localhost');
      behind.on('error', () => socket.destroy());
      behind.write(first);
      socket.pipe(behind).pipe(socket);
    });
  });
  const stand = await listen(front);
  await expect(open(tcp({ port: stand, sslmode: 'require' }))).rejects.toMatchObject({
    problems: [
      {
        code: 'CONNECT_TLS',
        problem: expect.stringMatching(/: the server does not speak TLS, and sslmode=require asks for it$/) as string,
        fix: expect.stringContaining('ssl = on') as string,
      },
    ],
  });
  expect(await encrypted(tcp({ port: stand, sslmode: 'prefer' }))).toBe('f');
  expect(await encrypted(tcp({ port: stand }))).toBe('f');
  front.close();
});

test('each way in which a connection fails has a code of its own', async () => {
  expect(await codeOf(open(tcp({ password: secret('wrong') })))).toBe('CONNECT_PASSWORD');
  expect(await codeOf(open(tcp({ database: 'none' })))).toBe('CONNECT_NO_DATABASE');
  expect(await codeOf(open(tcp({ user: 'busy' })))).toBe('CONNECT_TOO_MANY');
  expect(await codeOf(open(tcp({ port: 1 })))).toBe('CONNECT_REFUSED');
  expect(await codeOf(open(tcp({ host: '/nowhere' })))).toBe('CONNECT_REFUSED');
});

/** Code, problem without the address, and fix of a connection that fails. */
const saysOf = async (connection: Connection): Promise<readonly string[]> => {
  const error: unknown = await open(connection).catch((reason: unknown) => reason);
  if (!(error instanceof OneRoofError)) throw error;
  const [{ code, problem, fix }] = error.problems;
  return [code, problem.replace(/^.*? as \S+( "else")?: /, ''), fix];
};

test('what the server tells of a login that it refuses is said, with what to do', async () => {
  const { password: _, ...bare } = tcp();
  const [code, problem, fix] = await saysOf(bare);
  expect([code, problem]).toEqual([
    'CONNECT_PASSWORD',
    'the server asks "guest" for a password, but no password is set',
  ]);
  // the line of the hint is one that works
  const pgpass = join(folder, 'hinted');
  const line = /localhost:\d+:postgres:guest:PASSWORD/.exec(fix ?? '')?.[0] ?? '';
  writeFileSync(pgpass, line.replace('PASSWORD', 's3cret'), { mode: 0o600 });
  const env = { PGPASSFILE: pgpass, HOME: folder };
  await (await open(resolveConnection({ url: `postgres://guest@localhost:${port}/postgres`, env }))).close();
  expect(await saysOf(tcp({ password: secret('wrong') }))).toEqual([
    'CONNECT_PASSWORD',
    'the server refused the password of "guest", or the role does not exist (the server does not say which)',
    expect.stringContaining("from pg_roles where rolname = 'guest'"),
  ]);
  const local = { ...server.connection('postgres'), port };
  await runSql(local, ['create role sleeper nologin']);
  expect(await saysOf({ ...local, user: 'who "else"' })).toEqual([
    'CONNECT_PASSWORD',
    expect.stringContaining('role "who "else"" does not exist'),
    expect.stringContaining('create role "who ""else""" login;'),
  ]);
  expect(await saysOf({ ...local, user: 'sleeper' })).toEqual([
    'CONNECT_PASSWORD',
    expect.stringContaining('not permitted to log in'),
    expect.stringContaining('alter role "sleeper" login;'),
  ]);
  expect(await saysOf(tcp({ user: 'sealed', sslmode: 'disable' }))).toEqual([
    'CONNECT_TLS',
    expect.stringMatching(/^the server takes encrypted connections only, and sslmode=disable asks for none/),
    expect.stringContaining('sslmode=require'),
  ]);
});

test('a server that is starting is CONNECT_STARTING', async () => {
  const fields = 'SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0';
  const answer = Buffer.alloc(5 + fields.length);
  answer.write('E', 0);
  answer.writeInt32BE(4 + fields.length, 1);
  answer.write(fields, 5);
  const sockets = createServer((socket) => socket.once('data', () => socket.end(answer)));
  const stand = await listen(sockets);
  expect(await codeOf(open(tcp({ port: stand, sslmode: 'disable' })))).toBe('CONNECT_STARTING');
  sockets.close();
});

test('a server that closes the connection before it answers is CONNECT_FAILED, and says so', async () => {
  const sockets = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const stand = await listen(sockets);
  expect(await saysOf(tcp({ port: stand, sslmode: 'disable' }))).toEqual([
    'CONNECT_FAILED',
    expect.stringMatching(/^the server closed the connection before it answered: \w+ ECONNRESET$/),
    expect.stringContaining('run the same command again'),
  ]);
  sockets.close();
});

test('a server older than 14 or newer than 18 is CONNECT_VERSION', () => {
  for (const version of [130_022, 190_000])
    expect(() => refuseVersion(version, 'x')).toThrowError(expect.objectContaining({ code: 'CONNECT_VERSION' }));
  for (const version of [140_000, 180_004]) expect(() => refuseVersion(version, 'x')).not.toThrow();
});

test.each([
  [
    'postgres://u%40x:p%3Aq@h:5433/d%2Fe?sslmode=require&connect_timeout=3',
    { user: 'u@x', host: 'h', port: 5433, database: 'd/e', sslmode: 'require', connectTimeout: 3000 },
  ],
  ['postgresql:///d?host=/run/x&user=u', { host: '/run/x', database: 'd', user: 'u', port: 5432 }],
  ['postgres://u@%2Frun%2Fx/d', { host: '/run/x', database: 'd', user: 'u' }],
  ['postgres://u@[::1]:6000', { host: '::1', port: 6000, database: 'u' }],
])('the address %s is read as libpq reads it', (url, expected) => {
  expect(resolveConnection({ url, env: { HOME: folder } })).toMatchObject(expected);
});

test.each([
  'mysql://h/d',
  'postgres://u:s3cret@h:x/d',
  'postgres://u:s3cret@a,b/d',
  'postgres://h/d?speed=9',
  'postgres://h/%zz',
  'postgres://h/d?sslmode=maybe',
  'postgres://h:99999/d',
])('the address %s is CONNECT_ADDRESS, and not repeated', async (url) => {
  expect(await codeOf((async () => resolveConnection({ url, env: {} }))())).toBe('CONNECT_ADDRESS');
});

test('services, variables and password files are read with the precedence of libpq, and only if no one else can read them', async () => {
  const env = { HOME: folder, PGHOST: 'from-env', PGUSER: 'env-user', PGSERVICEFILE: join(folder, 'services') };
  writeFileSync(join(folder, 'services'), '# c\n[a]\nhost=a.example\n[b]\nhost=b.example\nport=7000\ndbname = bd\n');
  expect(resolveConnection({ service: 'b', env })).toMatchObject({
    host: 'b.example',
    port: 7000,
    database: 'bd',
    user: 'env-user',
  });
  expect(resolveConnection({ url: 'postgres://x.example/?service=b', env })).toMatchObject({
    host: 'x.example',
    port: 7000,
  });
  expect(await codeOf((async () => resolveConnection({ service: 'c', env }))())).toBe('CONNECT_ADDRESS');
  const pgpass = join(folder, '.pgpass');
  writeFileSync(pgpass, '#x\nother:*:*:*:no\nb.example:7000:*:env-user:a\\:b\\\\c\n*:*:*:*:last\n', { mode: 0o600 });
  expect(resolveConnection({ service: 'b', env }).password?.reveal()).toBe('a:b\\c');
  expect(resolveConnection({ service: 'a', env }).password?.reveal()).toBe('last');
  expect(resolveConnection({ service: 'a', env: { ...env, PGPASSWORD: 'p' } }).password?.reveal()).toBe('p');
  expect(resolveConnection({ passwordFile: pgpass, url: 'postgres://u:q@h/d', env }).password?.reveal()).toContain(
    'last',
  );
  chmodSync(pgpass, 0o644);
  expect(await codeOf((async () => resolveConnection({ service: 'a', env }))())).toBe('PASSWORD_FILE_OPEN');
  expect(await codeOf((async () => resolveConnection({ passwordFile: join(folder, 'no'), env }))())).toBe(
    'CONFIG_NOT_FOUND',
  );
});
