import { availableParallelism } from 'node:os';
import { type Connection, id, openSession, sql } from '../src/database/index.ts';
import { captureRows } from '../src/fingerprint/index.ts';
import { listRelations } from '../src/fingerprint/rows/hash-rows.io.ts';
import { divide, type RowRange } from '../src/fingerprint/rows/plan.ts';
import { clock, compare, type Ratio } from './measure.io.ts';
import { few, type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

const seeds = ['11', '-7'] as const;

/** What reading every row costs beside the least that any hash of every row costs. */
export async function readLines(ground: Ground): Promise<void> {
  await line({ name: 'reading 10 N rows of one side: captureRows / one hash in plain SQL', goal: 1.15 }, async () =>
    floor((await ground.modern()).server.connection('large'), few(ground.runs)),
  );
}

/** Reads everything once with one hash in plain SQL: the same sessions, the same pieces, and nothing else. */
async function floor(connection: Connection, runs: number): Promise<Ratio> {
  const workers = Math.min(availableParallelism(), 8);
  const session = await openSession(connection, { applicationName: 'bench' });
  const found = (await listRelations(session)).filter(({ kind }) => kind === 'r');
  await session.close();
  const pieces = divide(found, workers).flatMap((batch) => batch.pieces);
  const settings = { max_parallel_workers_per_gather: '0', jit: 'off' };
  const read = async (queue: RowRange[]): Promise<void> => {
    const reader = await openSession(connection, { applicationName: 'bench', settings });
    for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
      const [from, to] = [`(${piece.from ?? 0},0)`, `(${piece.to ?? 4_294_967_295},0)`];
      await reader.query(
        sql`select sum(hashtextextended(t::text, 0)::numeric) from ${id(piece.of.schema, piece.of.table)} t where ctid >= ${from}::tid and ctid < ${to}::tid`,
      );
    }
    await reader.close();
  };
  const plain = (): Promise<number> => {
    const queue = [...pieces];
    return clock(() => Promise.all(Array.from({ length: workers }, () => read(queue))));
  };
  return await compare(runs, () => clock(() => captureRows(connection, { seeds, workers })), plain);
}
