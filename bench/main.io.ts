import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedBinaries } from '../src/database/index.ts';
import { exampleFolder, startProduction } from '../src/demo/index.ts';
import { sealRelease } from '../src/release/index.ts';
import { bareGate } from './gate.io.ts';
import { compare, time } from './measure.io.ts';

/** Prints what One Roof costs beside what a user would otherwise do, as ratios in one run. */
const cli = join(import.meta.dirname, '..', 'dist', 'cli', 'main.io.js');
const rehearsal = join(import.meta.dirname, 'rehearsal.io.ts');
const node = process.execPath;
const runs = Number(process.argv[2] ?? 7);
const lines: string[] = [];

const row = (name: string, measured: string, goal = ''): void => {
  lines.push(`${name.padEnd(64)} ${measured.padStart(26)}   ${goal}`);
  process.stdout.write(`${lines.at(-1)}\n`);
};
const pair = ({ a, b, ratio }: { a: number; b: number; ratio: number }): string =>
  `${ratio.toFixed(2)} x (${a.toFixed(0)} / ${b.toFixed(0)} ms)`;

row(
  'start-up: oneroof --version / node -e 0',
  pair(
    compare(
      runs,
      () => time(node, [cli, '--version']).milliseconds,
      () => time(node, ['-e', '0']).milliseconds,
    ),
  ),
);

const production = await startProduction({ binaries: embeddedBinaries() });
const folder = mkdtempSync(join(tmpdir(), 'oneroof-bench-'));
try {
  const release = join(folder, 'release');
  cpSync(exampleFolder(), release, { recursive: true });
  const sealed = await sealRelease(release);
  writeFileSync(
    join(folder, 'oneroof.yaml'),
    `targets:\n  production:\n    url: postgres://${production.observer.user}@/directus?host=${production.observer.host}\nevidence: evidence\nreports: report\n`,
  );
  const bare = await bareGate({ release: sealed, observer: production.observer, folder });
  const gate = [cli, 'gate', '-C', folder, 'release'];
  row(
    'gate: oneroof gate / node + pg, the same queries',
    pair(
      compare(
        runs,
        () => time(node, gate, [1]).milliseconds,
        () => time(node, bare).milliseconds,
      ),
    ),
    'goal <= 1.5 x',
  );

  const measured = (size: string): { total: number; own: number; rss: number } =>
    JSON.parse(time(node, ['--import', 'tsx', rehearsal, size]).stdout.trim().split('\n').at(-1) ?? '{}') as {
      total: number;
      own: number;
      rss: number;
    };
  const [small, large] = [measured('200000'), measured('2000000')];
  row(
    'rehearsal, 200,000 rows: whole / its own SQL',
    `${(small.total / small.own).toFixed(1)} x (${small.total.toFixed(0)} / ${small.own.toFixed(0)} ms)`,
  );
  row(
    'rehearsal, 2,000,000 rows: whole / its own SQL',
    `${(large.total / large.own).toFixed(1)} x (${large.total.toFixed(0)} / ${large.own.toFixed(0)} ms)`,
  );
  row(
    'memory of a rehearsal: 2,000,000 rows / 200,000 rows',
    `${(large.rss / small.rss).toFixed(2)} x (${large.rss.toFixed(0)} / ${small.rss.toFixed(0)} MiB)`,
    'goal: flat',
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
  await production.stop();
}
