import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneLines } from './clone.io.ts';
import { costLines } from './cost.io.ts';
import { dumpLines } from './dump.io.ts';
import { logLines } from './log.io.ts';
import { memoryLines } from './memory.io.ts';
import { proofLines } from './proof.io.ts';
import { readLines } from './read.io.ts';
import { rolloutLines } from './rollout.io.ts';
import { outsideLines } from './outside.io.ts';
import { openGround } from './servers.io.ts';
import { siteLines } from './site.io.ts';
import { startLines } from './start.io.ts';
import { failures, heading } from './table.io.ts';
import { tierLines } from './tiers.io.ts';
import { wholeLines } from './whole.io.ts';

/** Prints what One Roof costs beside what a user would otherwise do, as ratios in one run. See docs/BENCH.md. */
const groups = {
  start: startLines,
  proof: proofLines,
  read: readLines,
  clone: cloneLines,
  dump: dumpLines,
  rehearsal: wholeLines,
  cost: costLines,
  rollout: rolloutLines,
  tiers: tierLines,
  outside: outsideLines,
  memory: memoryLines,
  site: siteLines,
  log: logLines,
};
const names = Object.keys(groups) as (keyof typeof groups)[];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.some((known) => known === name));
const rows = Number(process.env['ONEROOF_BENCH_ROWS'] ?? 200_000);
const runs = Number(process.env['ONEROOF_BENCH_RUNS'] ?? 5);
const requests = Number(process.env['ONEROOF_BENCH_REQUESTS'] ?? 400);
// the release changes rows up to this one
const fewest = 10_000;

if (unknown.length > 0 || !(rows >= fewest) || !(runs >= 1) || !(requests >= 1)) {
  process.stderr.write(
    `error: ${unknown.length > 0 ? `no such lines: ${unknown.join(', ')}` : `ONEROOF_BENCH_ROWS must be at least ${fewest}, ONEROOF_BENCH_RUNS and ONEROOF_BENCH_REQUESTS at least 1`}\nhint: npm run bench -- ${names.join(' ')}\n`,
  );
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-bench-'));
  const ground = openGround({ rows, runs, requests, folder });
  const [load = 0] = loadavg();
  process.stdout.write(
    `N = ${rows.toLocaleString('en-US')} rows of 128 bytes; at most ${runs} pairs a line; ${availableParallelism()} cores, load ${load.toFixed(1)}; node ${process.version}\n`,
  );
  heading();
  try {
    for (const name of names) if (wanted.length === 0 || wanted.includes(name)) await groups[name](ground);
  } finally {
    await ground.close();
    rmSync(folder, { recursive: true, force: true });
  }
  if (failures() > 0) process.exitCode = 1;
}
