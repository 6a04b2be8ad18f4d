// Makes a checkout ready: installs what the lock file names and builds, each only when it is out of date. Needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// what is installed and built can be read by the server's own user, however strict the caller's umask is
process.umask(0o022);

const root = join(import.meta.dirname, '..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: One Roof needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(2);
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 4);
}

function newest(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name)))) : stat.mtimeMs;
}

const lock = join(root, 'package-lock.json');
if (existsSync(lock)) {
  const stamp = join(root, 'node_modules', '.oneroof-setup');
  // npm writes this file last: one that is newer than the lock file is a complete install that somebody made by hand
  const installed = join(root, 'node_modules', '.package-lock.json');
  const byHand = !existsSync(stamp) && existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (byHand) writeFileSync(stamp, wanted);
  else if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.error('Installing dependencies …');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    writeFileSync(stamp, wanted);
  }
}

const main = join(root, 'dist', 'cli', 'main.io.js');
const built = join(root, 'dist', '.built');
// whatever the build is made from; with the lock file, since the bundle holds packages
const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/bundle.mjs']
  .map((name) => join(root, name))
  .filter(existsSync)
  .map(newest);
if (!existsSync(built) || statSync(built).mtimeMs < Math.max(...sources)) {
  console.error('Building …');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
  run(process.execPath, [join(root, 'scripts', 'bundle.mjs')]);
  if (existsSync(main)) chmodSync(main, 0o755);
  writeFileSync(built, '');
}
