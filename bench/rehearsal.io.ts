import { openCloneHost } from '../src/clone/index.ts';
import { rehearse } from '../src/rehearsal/index.ts';
import { sealRelease } from '../src/release/index.ts';

/** Rehearses a release in a process of its own, and prints what it took: milliseconds, and MiB of the process. */
const [release = '', host = '', user = '', source = ''] = process.argv.slice(2);
const admin = { host, port: 5432, user, database: 'postgres' };
const sealed = await sealRelease(release);
const clones = await openCloneHost({ provider: 'template', admin, source, sameServer: true });
try {
  const began = performance.now();
  const rehearsal = await rehearse({ release: sealed, host: clones, owner: 'bench' });
  const total = performance.now() - began;
  if (rehearsal.outcome !== 'passed') throw new Error(JSON.stringify(rehearsal.problems));
  const own = rehearsal.stages.flatMap(({ steps }) => steps).reduce((sum, { durationMs }) => sum + durationMs, 0);
  process.stdout.write(`${JSON.stringify({ total, own, rss: process.resourceUsage().maxRSS / 1024 })}\n`);
} finally {
  await clones.close();
}
