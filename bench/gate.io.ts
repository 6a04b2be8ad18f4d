import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { now } from '../src/core/index.ts';
import { type Connection } from '../src/database/index.ts';
import { readGate } from '../src/gate/index.ts';
import { type SealedRelease } from '../src/release/index.ts';

/** What the driver is asked, and what it hands out for a cursor. */
interface Asked {
  readonly text?: string;
  readonly values?: readonly unknown[];
  readonly cursor?: unknown;
}

/**
 * Writes a bare script of node and pg that asks the server exactly what one reading of the gate asks, in the same order, and
 * returns how to run it. The statements are recorded at the driver while a reading runs, so nothing is left out.
 */
export async function bareGate(plan: {
  readonly release: SealedRelease;
  readonly observer: Connection;
  readonly folder: string;
}): Promise<readonly string[]> {
  const { release, observer, folder } = plan;
  const asked: { text: string; values: readonly unknown[] }[] = [];
  const original = pg.Client.prototype.query;
  const record = function (this: pg.Client, ...words: unknown[]): unknown {
    const [first] = words;
    const config: Asked = typeof first === 'string' ? { text: first } : (first as Asked);
    if (config.text !== undefined) asked.push({ text: config.text, values: config.values ?? [] });
    return Reflect.apply(original, this, words);
  };
  Object.defineProperty(pg.Client.prototype, 'query', { value: record, configurable: true, writable: true });
  try {
    await readGate({ release, target: { name: 'production', observer }, at: now() });
  } finally {
    Object.defineProperty(pg.Client.prototype, 'query', { value: original, configurable: true, writable: true });
  }
  const file = join(folder, 'bare-gate.mjs');
  const { host, port, user, database } = observer;
  writeFileSync(
    file,
    `import pg from ${JSON.stringify(import.meta.resolve('pg'))};
const client = new pg.Client(${JSON.stringify({ host, port, user, database })});
await client.connect();
for (const { text, values } of ${JSON.stringify(asked)}) await client.query({ text, values });
await client.end();
`,
  );
  return [file];
}
