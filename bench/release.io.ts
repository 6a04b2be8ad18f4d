import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The small release of every line: 34 rows in 34 blocks, changed and restored, the same text at every size. */
const rows = 34;
const some = `aid in (${Array.from({ length: rows }, (_, at) => at * 100 + 1).join(', ')})`;

/** Its forward, one statement each. */
export const up = [
  `create table keep as select aid, abalance from accounts where ${some}`,
  `update accounts set abalance = abalance + 1 where ${some}`,
] as const;

/** Its rollback, which may run a second time. */
export const down = [
  `do $$ begin if to_regclass('public.keep') is not null then update public.accounts a set abalance = k.abalance from public.keep k where k.aid = a.aid and a.${some}; drop table public.keep; end if; end $$`,
] as const;

const script = (statements: readonly string[]): string => statements.map((one) => `${one};\n`).join('');

/** Writes it as a release. */
export function writeRelease(folder: string): string {
  const tier = join(folder, 'tiers', '1-note');
  mkdirSync(tier, { recursive: true });
  writeFileSync(
    join(folder, 'release.yaml'),
    `format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.accounts, public.keep]\ntiers:\n  - { id: 1-note, title: ${rows} rows changed and restored }\n`,
  );
  writeFileSync(join(tier, 'up.sql'), script(up));
  writeFileSync(join(tier, 'check.sql'), `select aid from accounts where ${some} and abalance <> 1;\n`);
  writeFileSync(join(tier, 'down.sql'), script(down));
  return folder;
}

/** Writes the same statements as a Sqitch project; its three scripts are plain files for psql, too. */
export function writeSqitch(folder: string): string {
  for (const name of ['deploy', 'verify', 'revert']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'sqitch.conf'), '[core]\n\tengine = pg\n');
  writeFileSync(
    join(folder, 'sqitch.plan'),
    '%syntax-version=1.0.0\n%project=bench\n\nnote 2026-01-01T00:00:00Z Bench <bench@example.org> # rows changed and restored\n',
  );
  writeFileSync(join(folder, 'deploy', 'note.sql'), `begin;\n${script(up)}commit;\n`);
  writeFileSync(
    join(folder, 'verify', 'note.sql'),
    `select 1 / (count(*) = ${rows})::int from accounts where ${some} and abalance = 1;\n`,
  );
  writeFileSync(join(folder, 'revert', 'note.sql'), `begin;\n${script(down)}commit;\n`);
  return folder;
}
