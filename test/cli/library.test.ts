import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneroof } from './run.io.ts';

const root = join(import.meta.dirname, '..', '..');
const document = readFileSync(join(root, 'docs', 'API.md'), 'utf8');
const [, example = ''] = /```ts\n(.*?)```/s.exec(document) ?? [];

/** A project that has the package as it is published, and the packages that it asks for. */
let folder = '';
const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-library-'));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  run('tar', ['-xzf', packed]);
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  cpSync(join(folder, 'package'), join(modules, 'oneroof'), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'example.ts'), example);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the library, as it is published', () => {
  it('compiles the example of its document under the strictest rules', { timeout: 120_000 }, () => {
    // types that are lost on the way would accept everything
    writeFileSync(
      join(folder, 'wrong.ts'),
      `import { openProject } from 'oneroof';\n// @ts-expect-error a folder is a text\nawait openProject(1);\n`,
    );
    run(process.execPath, [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--types',
      'node',
      'example.ts',
      'wrong.ts',
    ]);
    expect(existsSync(join(folder, 'example.js'))).toBe(true);
  });

  it('runs it: a release is sealed, and its gate is read', { timeout: 120_000 }, () => {
    const release = join(folder, 'release');
    cpSync(join(root, 'examples', 'one-roof'), release, { recursive: true });
    writeFileSync(
      join(folder, 'oneroof.yaml'),
      'targets:\n  prod:\n    url: postgres://nobody@127.0.0.1:1/none\nevidence: evidence\nreports: report\n',
    );
    writeFileSync(
      join(folder, 'main.js'),
      `import { check, prepare } from './example.js';\nconsole.log(await prepare('.', 'release'));\nconsole.log(check(new Uint8Array()).join());\n`,
    );
    const said = run(process.execPath, ['main.js']);
    expect(said).toMatch(/^NO-GO on prod, read \d+ ms ago: unread/m);
    expect(said).toMatch(/^BUNDLE_INVALID: /m);
    expect(oneroof(['lint', 'release'], { folder }).status).toBe(0);
    expect(readdirSync(join(folder, 'evidence')).length).toBeGreaterThan(0);
  });

  it('names every export in its document', () => {
    const named =
      readFileSync(join(root, 'src', 'index.ts'), 'utf8').match(/(?<=[{,]\s*)(?!type )\b[A-Za-z]\w*/g) ?? [];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !document.includes(`\`${name}`))).toEqual([]);
  });
});
