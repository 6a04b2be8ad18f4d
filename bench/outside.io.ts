import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, id, sql } from '../src/database/index.ts';
import { applyGate, planLoopback } from '../src/gate/index.ts';
import { sealRelease } from '../src/release/index.ts';
import { execute } from '../src/rollout/index.ts';
import { copyOwned, gateIt, owner, ratify, within } from './gated.io.ts';
import { clock, compare } from './measure.io.ts';
import { few, type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

const statement = 'create index concurrently accounts_abalance on public.accounts (abalance, bid)';

/** What a tier outside of a transaction costs beside the same statement in a session of its own. */
export async function outsideLines(ground: Ground): Promise<void> {
  const release = await sealRelease(write(join(ground.folder, 'outside')));
  await line({ name: 'rollout: CREATE INDEX CONCURRENTLY, 5 N rows / the statement alone', goal: 1.1 }, async () => {
    const bench = await ground.looped();
    const withCopy = async (use: (connection: Connection) => Promise<number>): Promise<number> => {
      const database = 'rolled';
      try {
        const { host } = bench;
        return await use({ ...(await copyOwned(bench, { source: 'looped', database })), host });
      } finally {
        await bench.admin.query(sql`drop database if exists ${id(database)} with (force)`);
      }
    };
    return await compare(
      few(ground.runs),
      () =>
        withCopy(async (connection) => {
          await gateIt(connection);
          await within(connection, async (session) => applyGate(session, await planLoopback(session, null)));
          const ratified = await ratify(connection, release);
          return await clock(async () => {
            const { result } = await execute({
              sealed: release,
              statement: ratified.statement,
              direction: 'up',
              through: null,
              target: { name: 'bench', executor: { ...connection, user: 'oneroof_executor' } },
              record: () => Promise.resolve(),
            });
            if (result !== 'done') throw new Error(result);
          });
        }),
      () =>
        withCopy((connection) =>
          clock(() => within({ ...connection, user: owner }, (session) => session.run(statement))),
        ),
    );
  });
}

function write(folder: string): string {
  const tier = join(folder, 'tiers', '1-index');
  mkdirSync(tier, { recursive: true });
  writeFileSync(
    join(folder, 'release.yaml'),
    'format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.*]\ntiers:\n  - { id: 1-index, title: Index, transaction: outside, oneWay: the bench drops the database }\n',
  );
  writeFileSync(join(tier, 'up.sql'), `${statement};\n`);
  return folder;
}
