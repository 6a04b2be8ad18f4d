import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isLong } from '../counts.ts';
import { versions, withSession } from '../database.io.ts';
import { withBackfill } from './batches.io.ts';
import { run } from './standing.io.ts';

const rows = isLong ? 1_000_000 : 100_000;
/** Milliseconds. */
const longest = 100;

const files: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: large
title: Large
database: shop
touches: [public.orders]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
settings: { lockTimeout: 2s }
tiers:
  - { id: 1-fill, title: Fill, transaction: each, batched: { by: id, rows: 1000 } }
`,
  'tiers/1-fill/up.sql': `update public.orders set status = 'open' where id between $1 and $2 and status is null;\n`,
  'tiers/1-fill/down.sql': 'update public.orders set status = null where id between $1 and $2;\n',
};
const more = [
  'create table public.orders (id bigint primary key, status text, touched integer not null default 0)',
  `insert into public.orders (id) select generate_series(1, ${rows})`,
  'analyze public.orders',
];

/** How long a process has run on a processor so far, in milliseconds; null where the system does not tell. Others on the machine do not count. */
const workOf = (pid: number): number | null => {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return null;
  }
};

const part = (sorted: readonly number[], of: number): number => sorted[Math.floor((sorted.length - 1) * of)] ?? 0;

describe.each(versions)('the locks of batches on PostgreSQL %s', (version) => {
  it(
    'are held for a moment each, where one statement holds all of them to its end',
    { timeout: isLong ? 3_600_000 : 500_000 },
    () =>
      withBackfill(
        version,
        async (ground) => {
          // one statement, as a rollout without batches would run it: its locks are held from its begin to its end
          const whole = await withSession(ground.database, async (session) => {
            const began = performance.now();
            await session.run('begin');
            await session.run(`update public.orders set status = 'open' where status is null`);
            const held = performance.now() - began;
            await session.run('rollback');
            await session.run('vacuum public.orders');
            return held;
          });
          const statement = await ground.submit();
          const held: number[] = [];
          const worked: number[] = [];
          let [pid, sent, before] = [0, null as number | null, null as number | null];
          const began = performance.now();
          await run(ground, statement, 'up', {
            onSession: (of) => (pid = of),
            // from when the batch is sent to when its COMMIT is answered: no lock of it is held longer
            onProgress: ({ at }) => {
              if (at === 'step') [sent, before] = [performance.now(), workOf(pid)];
              // the tier is left in a transaction that has no batch
              if ((at !== 'batch' && at !== 'committed') || sent === null) return;
              held.push(performance.now() - sent);
              sent = null;
              const now = workOf(pid);
              if (now !== null && before !== null) worked.push(now - before);
            },
          });
          const took = performance.now() - began;
          const sorted = held.toSorted((a, b) => a - b);
          const work = worked.toSorted((a, b) => a - b);
          const said = `${rows} rows in ${held.length} batches in ${Math.round(took)} ms; locks held for ${Math.round(part(sorted, 0.5))} ms (median), ${Math.round(part(sorted, 0.99))} ms (99 %), ${Math.round(part(sorted, 1))} ms (longest), of which the server worked ${Math.round(part(work, 0.5))} ms (median), ${Math.round(part(work, 0.99))} ms (99 %), ${Math.round(part(work, 1))} ms (longest); one statement: ${Math.round(whole)} ms; load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} processors`;
          console.info(`PostgreSQL ${version}: ${said}`);
          expect(held).toHaveLength(rows / 1000);
          // where others use the machine too, a batch waits for them: then only the work of its own server process tells
          if (work.length > 0) expect(part(work, 0.99), said).toBeLessThan(longest);
          if ((loadavg()[0] ?? 0) < cpus().length) expect(part(sorted, 0.99), said).toBeLessThan(longest);
          if (isLong) expect(part(sorted, 0.5), said).toBeLessThan(whole / 10);
        },
        { files, more },
      ),
  );
});
