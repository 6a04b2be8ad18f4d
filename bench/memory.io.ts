import { join } from 'node:path';
import { withHost } from './host.io.ts';
import { time } from './measure.io.ts';
import { writeRelease } from './release.io.ts';
import { type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

const rehearsal = join(import.meta.dirname, 'rehearsal.io.ts');

interface Measured {
  readonly total: number;
  readonly own: number;
  readonly rss: number;
}

/** What a rehearsal in a process of its own takes of time and memory, at two sizes. */
export async function memoryLines(ground: Ground): Promise<void> {
  const release = writeRelease(join(ground.folder, 'alone'));
  const measure = async (source: 'small' | 'large'): Promise<Measured> => {
    const bench = await ground.modern();
    const { host, user } = bench.server.connection('postgres');
    const words = ['--import', 'tsx', rehearsal, release, host, user, source];
    return await withHost(bench, source, async () => {
      const { stdout } = time(process.execPath, words);
      return JSON.parse(stdout) as Measured;
    });
  };
  const sizes = new Map<'small' | 'large', Measured>();
  for (const [source, size] of [
    ['small', 'N'],
    ['large', '10 N'],
  ] as const)
    await line({ name: `rehearsal of a small release, ${size} rows: whole / its own SQL` }, async () => {
      const measured = await measure(source);
      sizes.set(source, measured);
      return { a: measured.total, b: measured.own, ratio: measured.total / measured.own };
    });
  await line({ name: 'memory of a rehearsal: 10 N rows / N rows', goal: 1.1, unit: 'MiB' }, async () => {
    const [small, large] = [sizes.get('small'), sizes.get('large')];
    if (small === undefined || large === undefined) return 'one of its lines is missing';
    return { a: large.rss, b: small.rss, ratio: large.rss / small.rss };
  });
}
