import { type CloneHost } from '../src/clone/index.ts';
import { fixed, id, sql } from '../src/database/index.ts';
import { withHost } from './host.io.ts';
import { clock, compare, type Ratio } from './measure.io.ts';
import { type Bench, few, type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

/** What a clone costs beside the server's own ways of copying a database. */
export async function cloneLines(ground: Ground): Promise<void> {
  const against = async (strategy: '' | 'strategy file_copy'): Promise<Ratio> => {
    const bench = await ground.modern();
    return await withHost(bench, 'large', (host) =>
      compare(
        few(ground.runs),
        () => ours(bench, host),
        () => theirs(bench, { host, strategy }),
      ),
    );
  };
  const name = 'clone, 10 N rows: makeClone / CREATE DATABASE';
  await line({ name: `${name}, the server's default strategy`, goal: 1 }, () => against(''));
  await line({ name: `${name}, STRATEGY FILE_COPY`, goal: 1.1 }, () => against('strategy file_copy'));
}

/** A copy by files begins with a checkpoint: what the one before left in memory is not to be its cost. */
async function settle({ admin }: Bench): Promise<void> {
  await admin.query(sql`checkpoint`);
}

async function ours(bench: Bench, host: CloneHost): Promise<number> {
  await settle(bench);
  const began = performance.now();
  const { lease } = await host.makeClone({ purpose: 'bench', owner: 'bench', hours: 1 });
  const took = performance.now() - began;
  await host.drop(lease.database);
  return took;
}

async function theirs(bench: Bench, of: { readonly host: CloneHost; readonly strategy: string }): Promise<number> {
  const golden = await of.host.golden();
  await settle(bench);
  const template = id(golden?.database ?? '');
  const took = await clock(() =>
    bench.admin.query(sql`create database plain template ${template} ${fixed(of.strategy)}`),
  );
  await bench.admin.query(sql`drop database plain`);
  return took;
}
