// Bundles the command line: what a command needs comes in a few files, and what it does not need is not read. Bundles the scripts of pages.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const out = join(root, 'dist', 'cli');

const bundle = await rolldown({
  cwd: root,
  input: { 'main.io': 'src/cli/main.io.ts' },
  platform: 'node',
  // the parser reads its WebAssembly from beside its own file; pg asks for pg-native only where somebody has installed it
  external: ['libpg-query', 'pg-native'],
  // of our own files only these two do anything when they are loaded
  treeshake: { moduleSideEffects: [{ test: /\/src\/(?!cli\/(main|start)\.io\.ts$)/, sideEffects: false }] },
  onLog: (level, log, print) => print(level === 'warn' ? 'error' : level, log),
});
const { output } = await bundle.write({
  dir: out,
  // Node starts CommonJS sooner than modules: docs/decisions/0023-bundle.md
  format: 'cjs',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  sourcemap: true,
});
await bundle.close();
writeFileSync(join(out, 'package.json'), '{ "type": "commonjs" }\n');
writeFileSync(join(out, 'THIRD-PARTY.txt'), notices(output));

// one file for each page, as it was written: what a browser runs can be read, and is named by its hash in the security policy
const pages = join('src', 'browser', 'scripts');
for (const file of readdirSync(join(root, pages))) {
  const page = await rolldown({ cwd: root, input: join(pages, file), platform: 'browser' });
  await page.write({ file: join(root, 'dist', 'scripts', file.replace(/-script\.ts$/, '.js')), format: 'iife' });
  await page.close();
}

// pg_dump runs in a thread of its own, and reads its WebAssembly from beside its own file
const tools = join(root, 'dist', 'pg-dump');
const worker = await rolldown({
  cwd: root,
  input: { worker: 'src/clone/dump/pg-dump.worker.io.ts' },
  platform: 'node',
  // Emscripten's own way to run what C asks for
  onLog: (level, log, print) => log.code === 'EVAL' || print(level === 'warn' ? 'error' : level, log),
});
const { output: threads } = await worker.write({
  dir: tools,
  format: 'es',
  entryFileNames: '[name].mjs',
  chunkFileNames: '[name].mjs',
});
await worker.close();
const pgDump = createRequire(import.meta.url).resolve('@electric-sql/pglite-tools/pg_dump');
copyFileSync(join(dirname(pgDump), 'pg_dump.wasm'), join(tools, 'pg_dump.wasm'));
writeFileSync(join(tools, 'THIRD-PARTY.txt'), notices(threads));

/** The names, versions and licences of the packages that are in the bundle, as their licences ask for. */
function notices(files) {
  const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/')) ?? []);
  return [...new Set(folders)]
    .toSorted()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
      return [
        `${name} ${version} (${license})`,
        ...texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()),
      ].join('\n\n');
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}
