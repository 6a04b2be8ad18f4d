import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Left to right: a folder may import only from the folders before it. */
const order = [
  ['core', 'browser'],
  ['yaml', 'html'],
  ['database'],
  ['release', 'setup'],
  ['import'],
  ['fingerprint'],
  ['clone'],
  ['rehearsal'],
  ['check'],
  ['evidence'],
  ['activity'],
  ['people'],
  ['gate'],
  ['rollout'],
  ['reviews'],
  ['report'],
  ['dossier'],
  ['evidence-kinds'],
  ['store'],
  ['proposal'],
  ['bundle'],
  ['pipeline'],
  ['project'],
  ['signing'],
  ['site'],
  ['mcp'],
  ['demo', 'cli', 'index'],
];
/** The rooms of a folder that is divided, left to right; the files beside them are the last one. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  rehearsal: [
    'production',
    'request',
    'session',
    'tier',
    'changes',
    'comparison',
    'leftovers',
    'boundaries',
    'footprint',
    'twin',
    'trials',
    'draft',
    'record',
    'acts',
  ],
};
/** What speaks to the world: only files named `*.io.ts` may import it. */
const world = ['fs', 'fs/promises', 'net', 'tls', 'http', 'https', 'child_process', 'os', 'worker_threads', 'readline'];
const root = join(import.meta.dirname, '..', 'src');

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** The file that a relative import names, from src. */
  readonly to: string | null;
  readonly typeOnly: boolean;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.d.ts'),
);
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));

function importsOf(file: string, text: string): Import[] {
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm,
  );
  return [...found].map(([, type, fixed, lazy]) => {
    const specifier = fixed ?? lazy ?? '';
    const to = specifier.startsWith('.') ? relative(root, join(root, dirname(file), specifier)) : null;
    return { file, specifier, to, typeOnly: type !== undefined };
  });
}

/** The folder of a file, or the name of a file that stands by itself in src. */
function part(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/(\.io)?\.ts$/, '');
}

const rank = (name: string): number => order.findIndex((names) => names.includes(name));
const show = ({ file, specifier }: Import): string => `${file} imports ${specifier}`;
const isPure = (file: string): boolean => !file.endsWith('.io.ts') && !file.endsWith('index.ts');

describe('the architecture', () => {
  it('knows every folder of src', () => {
    expect(files.map(part).filter((name) => rank(name) < 0)).toEqual([]);
  });

  it('lets a folder import only from folders left of it', () => {
    const wrong = imports.filter(
      ({ file, to }) => to !== null && part(to) !== part(file) && rank(part(to)) >= rank(part(file)),
    );
    const allowed = wrong.filter(({ file, to }) => !(part(file) === 'cli' && to !== null && part(to) === 'demo'));
    expect(allowed.map(show)).toEqual([]);
  });

  it('reaches another folder only through its index.ts', () => {
    const wrong = imports.filter(
      ({ file, to }) => to !== null && to.includes('/') && part(to) !== part(file) && to !== `${part(to)}/index.ts`,
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('lets a room import only from rooms left of it, through their index.ts', () => {
    for (const [folder, order] of Object.entries(rooms)) {
      const roomOf = (file: string): string | undefined => file.split('/').slice(1, -1)[0];
      const place = (file: string): number => {
        const room = roomOf(file);
        return room === undefined ? order.length : order.indexOf(room);
      };
      const own = files.filter((file) => part(file) === folder);
      expect(own.filter((file) => place(file) < 0)).toEqual([]);
      expect(new Set(own.flatMap((file) => roomOf(file) ?? []))).toEqual(new Set(order));
      const wrong = imports.filter(
        ({ file, to }) =>
          part(file) === folder &&
          to !== null &&
          part(to) === folder &&
          roomOf(to) !== roomOf(file) &&
          (place(to) >= place(file) || to !== `${folder}/${roomOf(to)}/index.ts`),
      );
      expect(wrong.map(show)).toEqual([]);
    }
  });

  it('imports nothing from outside src but installed modules', () => {
    expect(imports.filter(({ to }) => to?.startsWith('..')).map(show)).toEqual([]);
  });

  it('names local files with their .ts ending', () => {
    expect(imports.filter(({ to }) => to !== null && !to.endsWith('.ts')).map(show)).toEqual([]);
  });

  it('imports the driver only in src/database', () => {
    const drivers = imports.filter(({ specifier }) => /^pg($|-|\/)/.test(specifier));
    expect(drivers.filter(({ file }) => part(file) !== 'database').map(show)).toEqual([]);
    expect(drivers.length).toBeGreaterThan(0);
  });

  it('keeps pure files from the world: no files, network, processes, driver', () => {
    const wrong = imports.filter(
      ({ file, specifier, typeOnly }) =>
        isPure(file) && !typeOnly && (world.includes(specifier.replace(/^node:/, '')) || /^pg($|-|\/)/.test(specifier)),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('keeps pure files from the io files of their own folder', () => {
    const wrong = imports.filter(
      ({ file, to, typeOnly }) => isPure(file) && !typeOnly && to !== null && to.endsWith('.io.ts'),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('reads clock, randomness and environment only in io files', () => {
    const sources = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandom(?:Bytes|UUID|Int)\b|\bprocess\.env\b/;
    expect(files.filter((file) => isPure(file) && sources.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('hears an abort that has happened already: listens in one place only', () => {
    const listens = files.filter((file) => /addEventListener\(\s*'abort'/.test(readFileSync(join(root, file), 'utf8')));
    expect(listens.filter((file) => part(file) !== 'browser')).toEqual(['core/abort.ts']);
  });

  it('does not look for a file before it reads it: the file may go in between', () => {
    const looks = /existsSync\([^)]*\)(?: \?|\) return) (?:await )?(?:readFile|JSON\.parse\()/;
    expect(files.filter((file) => looks.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('exports no name twice, but the work of each command', () => {
    const places = new Map<string, Set<string>>();
    for (const file of files.filter((name) => !name.endsWith('index.ts')))
      for (const [, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(
        /^export (?:declare )?(?:async )?(?:const|function|class|interface|type|enum|let) (\w+)/gm,
      ))
        if (name !== 'run' || !file.startsWith('cli/commands/'))
          places.set(name, (places.get(name) ?? new Set()).add(file));
    expect([...places].filter(([, where]) => where.size > 1).map(([name, where]) => [name, ...where])).toEqual([]);
    expect(places.size).toBeGreaterThan(1000);
  });

  it('names no two files alike', () => {
    const named = new Map<string, string[]>();
    for (const file of files) named.set(basename(file), [...(named.get(basename(file)) ?? []), file]);
    named.delete('index.ts');
    expect([...named].filter(([, where]) => where.length > 1)).toEqual([]);
  });

  it('has no cycle', () => {
    const edges = new Map(files.map((file) => [file, imports.filter((one) => one.file === file && one.to !== null)]));
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] | null => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return null;
      for (const { to } of edges.get(file) ?? []) {
        const cycle = to === null ? null : visit(to, [...path, file]);
        if (cycle !== null) return cycle;
      }
      done.add(file);
      return null;
    };
    expect(files.map((file) => visit(file, [])).filter((cycle) => cycle !== null)).toEqual([]);
  });

  it('keeps every file readable: at most 300 lines', () => {
    const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 301);
    expect(long).toEqual([]);
  });
});
