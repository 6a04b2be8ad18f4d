// Bundles the command line: what a command needs comes in a few files, and what it does not need is not read.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
