import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { id, sql } from '../src/database/index.ts';
import { type SealedRelease, sealRelease } from '../src/release/index.ts';
import { execute } from '../src/rollout/index.ts';
import { copyOwned, gateIt, ratify } from './gated.io.ts';
import { median, type Ratio } from './measure.io.ts';
import { fillSchema } from './schema.io.ts';
import { type Bench, few, type Ground } from './servers.io.ts';
import { figure, line } from './table.io.ts';

/** What the gate took of one tier, in milliseconds: until its first step, from its last one to the end of COMMIT, and a step between. */
interface Taken {
  readonly entering: number;
  readonly leaving: number;
  readonly step: number;
}

const stepsOfTier = 4;

/** What entering and leaving a tier costs beside the size of the schema: of a release that changes a table of its own in each tier. */
export async function tierLines(ground: Ground): Promise<void> {
  const bench = await ground.modern();
  const tiers = await sealRelease(write(join(ground.folder, 'tiers-6'), 6));
  const measured = new Map<number, Taken[]>();
  const of = async (tables: number): Promise<number> => {
    const [first, ...others] = await run(bench, { tables, release: tiers });
    if (first === undefined) throw new Error('no tier');
    measured.set(tables, [...(measured.get(tables) ?? []), first]);
    return median(others.map(({ entering, leaving }) => entering + leaving));
  };
  for (const tables of [30, 3000, 5000]) await prepare(bench, tables);
  await line({ name: 'gate: a tier entered and left, 3,000 tables and functions / 30', goal: 1.5 }, () =>
    pairs(few(ground.runs), { a: () => of(3000), b: () => of(30) }),
  );
  for (const tables of [30, 3000]) {
    const firsts = measured.get(tables) ?? [];
    figure(
      { name: `gate: the first tier of a rollout entered and left, ${tables} tables` },
      median(firsts.map(({ entering, leaving }) => entering + leaving)),
    );
  }
  const large = (await run(bench, { tables: 5000, release: tiers })).slice(1);
  figure(
    { name: 'gate: under the locks of a tier, 5,000 tables (goal: 50 ms)' },
    median(large.map(({ leaving }) => leaving)),
  );
  const all = await run(bench, { tables: 30, release: await sealRelease(write(join(ground.folder, 'tiers-50'), 50)) });
  const whole = all.reduce((sum, { entering, leaving }) => sum + entering + leaving, 0);
  figure({ name: 'gate: 50 tiers entered and left (goal: 5,000 ms)' }, whole);
  figure({ name: 'gate: a step of a tier, with its statement' }, median(all.map(({ step }) => step)));
  for (const tables of [30, 3000, 5000])
    await bench.admin.query(sql`drop database if exists ${id(source(tables))} with (force)`);
}

async function pairs(count: number, of: Record<'a' | 'b', () => Promise<number>>): Promise<Ratio> {
  const found: (readonly [number, number])[] = [];
  for (let at = 0; at < count; at += 1) found.push([await of.a(), await of.b()]);
  return {
    a: median(found.map(([a]) => a)),
    b: median(found.map(([, b]) => b)),
    ratio: median(found.map(([a, b]) => a / b)),
  };
}

const source = (tables: number): string => `schema_${tables}`;

const prepare = (bench: Bench, tables: number): Promise<unknown> =>
  fillSchema(bench, { database: source(tables), tables, functions: tables });

/** Rolls a release out on a copy, tier by tier. */
async function run(
  bench: Bench,
  { tables, release }: { readonly tables: number; readonly release: SealedRelease },
): Promise<readonly Taken[]> {
  const database = 'rolled';
  try {
    const connection = await copyOwned(bench, { source: source(tables), database });
    await gateIt(connection);
    const { statement } = await ratify(connection, release);
    const times: { readonly at: string; readonly ms: number }[] = [];
    const { result } = await execute({
      sealed: release,
      statement,
      direction: 'up',
      through: null,
      target: { name: 'bench', executor: { ...connection, user: 'oneroof_executor' } },
      record: () => Promise.resolve(),
      onProgress: ({ at }) => times.push({ at, ms: performance.now() }),
    });
    if (result !== 'done') throw new Error(result);
    return takenOf(times);
  } finally {
    await bench.admin.query(sql`drop database if exists ${id(database)} with (force)`);
  }
}

function takenOf(times: readonly { readonly at: string; readonly ms: number }[]): readonly Taken[] {
  const of = (at: string): readonly number[] => times.filter((one) => one.at === at).map(({ ms }) => ms);
  const [enters, steps, leaves, ends] = [of('enter'), of('step'), of('leave'), of('committed')];
  return enters.map((entered, tier) => {
    const [first = Number.NaN, left = Number.NaN, end = Number.NaN] = [
      steps[tier * stepsOfTier],
      leaves[tier],
      ends[tier],
    ];
    return { entering: first - entered, leaving: end - left, step: (left - first) / stepsOfTier };
  });
}

export function write(folder: string, count: number): string {
  const tiers = Array.from({ length: count }, (_, at) => `${at + 1}-made`);
  for (const [at, tier] of tiers.entries()) {
    const made = `made_${at}`;
    mkdirSync(join(folder, 'tiers', tier), { recursive: true });
    writeFileSync(
      join(folder, 'tiers', tier, 'up.sql'),
      `create table ${made} (id integer primary key, note text);\ninsert into ${made} values (1, 'x');\ncreate index on ${made} (note);\nalter table ${made} add column done boolean;\n`,
    );
  }
  const listed = tiers.map((tier) => `  - { id: ${tier}, title: Tier, oneWay: the bench drops the database }\n`);
  writeFileSync(
    join(folder, 'release.yaml'),
    `format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.*]\ntiers:\n${listed.join('')}`,
  );
  return folder;
}
