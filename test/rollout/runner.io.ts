import { readSealed } from '../../src/release/index.ts';
import { execute } from '../../src/rollout/index.ts';
import type { Errand } from './errand.ts';

/** A process that can be killed: the executor on a database, and its end or standstill at a numbered boundary. */
const errand = JSON.parse(process.argv[2] ?? '') as Errand;
let boundary = 0;
const pass = (): void => {
  boundary += 1;
  if (boundary === errand.boundary) process.kill(process.pid, errand.signal);
};
const { connection, statement, direction, lease } = errand;
try {
  const result = await execute({
    sealed: await readSealed(errand.folder),
    statement,
    direction,
    through: null,
    target: { name: 'test', executor: connection },
    ...(lease === undefined ? {} : { lease }),
    onProgress: pass,
    record: async () => pass(),
  });
  process.stdout.write(JSON.stringify({ ...result, boundaries: boundary }));
} catch (error) {
  process.stdout.write(String(error));
}
