import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCloneHost } from '../src/clone/index.ts';
import { embeddedBinaries, openSession, startTemporaryServer } from '../src/database/index.ts';
import { rehearse } from '../src/rehearsal/index.ts';
import { sealRelease } from '../src/release/index.ts';

/** Rehearses a small release on a database of a given number of rows, and prints what it took: milliseconds, and MiB of our own process. */
const rows = process.argv[2] ?? '200000';
const folder = mkdtempSync(join(tmpdir(), 'oneroof-bench-'));
chmodSync(folder, 0o711);
const release = join(folder, 'release');
mkdirSync(join(release, 'tiers', '1-note'), { recursive: true });
writeFileSync(
  join(release, 'release.yaml'),
  'format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.big, public.keep]\ntiers:\n  - { id: 1-note, title: A thousand rows changed and restored }\n',
);
writeFileSync(
  join(release, 'tiers', '1-note', 'up.sql'),
  'create table keep as select id, note from big where id <= 1000;\nupdate big set note = upper(note) where id <= 1000;\n',
);
writeFileSync(
  join(release, 'tiers', '1-note', 'down.sql'),
  "do $$ begin if to_regclass('public.keep') is not null then update public.big b set note = k.note from public.keep k where k.id = b.id; drop table public.keep; end if; end $$;\n",
);

const server = await startTemporaryServer({ binaries: embeddedBinaries() });
try {
  const admin = await openSession(server.connection('postgres'), { applicationName: 'bench' });
  await admin.run('create database bench');
  await admin.close();
  const session = await openSession(server.connection('bench'), {
    applicationName: 'bench',
    settings: { search_path: 'public' },
  });
  await session.run('create table big (id bigint primary key, note text)');
  await session.run(`insert into big select n, 'note ' || n from generate_series(1, ${Number(rows)}) n`);
  await session.run('vacuum analyze big');
  await session.close();
  const sealed = await sealRelease(release);
  const host = await openCloneHost({
    provider: 'physical',
    backup: server.connection('bench'),
    dataDirectory: null,
    folder: join(folder, 'golden'),
    bin: null,
  });
  try {
    await host.makeGolden({});
    const began = performance.now();
    const rehearsal = await rehearse({ release: sealed, host, owner: 'bench' });
    const total = performance.now() - began;
    if (rehearsal.outcome !== 'passed') throw new Error(JSON.stringify(rehearsal.problems));
    const own = rehearsal.stages.flatMap(({ steps }) => steps).reduce((sum, { durationMs }) => sum + durationMs, 0);
    process.stdout.write(`${JSON.stringify({ total, own, rss: process.resourceUsage().maxRSS / 1024 })}\n`);
  } finally {
    await host.close();
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
