import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type JudgementRecord } from '../../src/check/check-result.ts';
import { openVerdictCache, type VerdictCache } from '../../src/check/verdict-cache.io.ts';
import { type VerdictBase, verdictKeys } from '../../src/check/verdict-key.ts';
import { digest, type Digest } from '../../src/core/index.ts';
import { type Migration } from '../../src/import/index.ts';
import { oneroof } from '../cli/run.io.ts';
import { faultWith, migrationWith } from './output.fixture.ts';
import { checked, golangMigrate, type Written } from './repository.io.ts';

const cache = mkdtempSync(join(tmpdir(), 'oneroof-cache-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const migration: Migration = {
  id: '1',
  name: '1_first.up.sql',
  up: { file: 'migrations/1_first.up.sql', line: 1, text: 'select 1', send: 'message' },
  down: { file: 'migrations/1_first.down.sql', line: 1, text: 'select 2', send: 'message' },
  unreadable: null,
};
const judgement: JudgementRecord = {
  judged: migrationWith({}),
  history: [],
  roles: ['someone'],
  rows: { tables: 1, rows: 5, empty: [] },
};
const key = digest('verdict', ['one']);
const fileOf = (of: Digest, folder = cache): string => join(folder, `${of.slice(7)}.json`);

function opened(folder = cache): VerdictCache {
  const found = openVerdictCache(folder, import.meta.dirname);
  if ('unused' in found) throw new Error(found.unused);
  return found;
}

describe('the key of a verdict', () => {
  const base: VerdictBase = {
    program: '1.0 a',
    server: '18.4',
    as: 'owner',
    seed: 's',
    perTable: 5,
    rows: null,
  };
  const second: Migration = { ...migration, id: '2', name: '2_second.up.sql' };
  const all = [migration, second];
  const keyOf = (
    migrations: readonly Migration[],
    parts: Partial<VerdictBase> = {},
    judged = new Set(migrations),
  ): Digest | undefined =>
    verdictKeys({ migrations }, { judged }, { ...base, ...parts }).get(migrations.at(-1) as Migration);
  const own = keyOf(all);

  it('is the same for the same bytes', () => {
    expect(own).toMatch(/^sha256:/);
    expect(keyOf(structuredClone(all))).toBe(own);
  });

  it.each([
    ['the program', { program: '1.1 a' }],
    ['the files of the program', { program: '1.0 b' }],
    ['PostgreSQL', { server: '18.5' }],
    ['the role', { as: 'superuser' }],
    ['the seed of the rows', { seed: 't' }],
    ['the number of rows', { perTable: 6 }],
    ['the rows of a file', { rows: '' }],
  ] satisfies readonly [string, Partial<VerdictBase>][])('is another one with another one of: %s', (_, parts) => {
    expect(keyOf(all, parts)).not.toBe(own);
  });

  const { up } = migration;
  it.each([
    ['SQL of the up', { up: { ...up, text: 'select 3' } }],
    ['transaction of the up', { up: { ...up, send: 'transaction' } }],
    ['line of the up', { up: { ...up, line: 2 } }],
    ['file of the up', { up: { ...up, file: 'x' } }],
    ['down', { down: { ...up, text: 'select 4' } }],
    ['lack of a down', { down: null }],
    ['id', { id: 'x' }],
    ['name', { name: 'x' }],
    ['reason why it cannot be read', { unreadable: 'it is a program' }],
  ] satisfies readonly [string, Partial<Migration>][])(
    'is another one after a change of the %s, and of an earlier one',
    (_, parts) => {
      expect(keyOf([migration, { ...second, ...parts }])).not.toBe(own);
      expect(keyOf([{ ...migration, ...parts }, second])).not.toBe(own);
    },
  );

  it('is another one where an earlier one is only replayed, and where another one has a down', () => {
    expect(keyOf(all, {}, new Set([second]))).not.toBe(own);
    const bare = { ...migration, down: null };
    const keys = (later: Migration): unknown =>
      verdictKeys({ migrations: [bare, later] }, { judged: new Set([bare]) }, base).get(bare);
    expect(keys({ ...second, down: null })).not.toBe(keys(second));
  });

  it('does not change with what comes after', () => {
    const before = (later: readonly Migration[]): unknown =>
      verdictKeys({ migrations: [migration, ...later] }, { judged: new Set([migration]) }, base).get(migration);
    expect(before([second])).toBe(before([second, { ...second, id: '3' }]));
  });
});

describe('the cache of verdicts', () => {
  it('gives back what was kept, and knows nothing else', () => {
    opened().write(key, judgement);
    expect(opened().read(key, migration)).toEqual(judgement);
    expect(opened().read(digest('verdict', ['other']), migration)).toBe(null);
  });

  it('keeps nothing that was not judged, or that follows what could not be replayed', () => {
    const other = digest('verdict', ['unjudged']);
    const fault = faultWith({ code: 'not-judged' });
    opened().write(other, { ...judgement, judged: migrationWith({ verdict: 'not-judged', faults: [fault] }) });
    opened().write(other, { ...judgement, history: [faultWith({ code: 'up-fails' })] });
    expect(opened().read(other, migration)).toBe(null);
  });

  const whole = (): Record<string, unknown> => JSON.parse(readFileSync(fileOf(key), 'utf8')) as Record<string, unknown>;
  it.each([
    ['no JSON', () => '{'],
    ['another form', () => JSON.stringify({ ...whole(), form: 'oneroof/verdict/2' })],
    ['another key', () => JSON.stringify({ ...whole(), key: digest('verdict', ['x']) })],
    ['more than it should', () => JSON.stringify({ ...whole(), more: 1 })],
    ['a verdict that is none', () => JSON.stringify(whole()).replace('"clean"', '"spotless"')],
    ['another migration', () => JSON.stringify(whole()).replace('"1_first.up.sql"', '"other"')],
    ['another file', () => JSON.stringify(whole()).replace('migrations/1_first.up.sql', 'other')],
    ['more than its size', () => `${JSON.stringify(whole())}${' '.repeat(256 * 1024)}`],
  ])('ignores a file with %s', (_, text) => {
    opened().write(key, judgement);
    const own = readFileSync(fileOf(key));
    writeFileSync(fileOf(key), text());
    expect(opened().read(key, migration)).toBe(null);
    writeFileSync(fileOf(key), own);
    expect(opened().read(key, migration)).toEqual(judgement);
  });

  it('follows no link', () => {
    const other = digest('verdict', ['link']);
    writeFileSync(join(cache, 'elsewhere'), readFileSync(fileOf(key), 'utf8').replaceAll(key, other));
    symlinkSync(join(cache, 'elsewhere'), fileOf(other));
    expect(opened().read(other, migration)).toBe(null);
    rmSync(fileOf(other));
    writeFileSync(fileOf(other), readFileSync(join(cache, 'elsewhere')));
    expect(opened().read(other, migration)).toEqual(judgement);
  });

  it('is not used where others may write to it, or in the repository', () => {
    const folder = join(cache, 'shared');
    mkdirSync(folder, { mode: 0o700 });
    expect(openVerdictCache(folder, import.meta.dirname)).toHaveProperty('read');
    expect(openVerdictCache(folder, cache)).toEqual({ unused: expect.stringContaining('it is in the repository') });
    symlinkSync(folder, `${folder}-link`);
    expect(openVerdictCache(`${folder}-link`, folder)).toHaveProperty('unused');
    chmodSync(folder, 0o777);
    expect(openVerdictCache(folder, import.meta.dirname)).toEqual({
      unused: expect.stringContaining('others may write'),
    });
  });

  it('takes nothing from another user: neither a folder nor a file', () => {
    const own = process.getuid?.() ?? 0;
    const folder = join(cache, 'theirs');
    mkdirSync(folder, { mode: 0o700 });
    const mine = opened(folder);
    mine.write(key, judgement);
    expect(mine.read(key, migration)).toEqual(judgement);
    // the files stay; who asks is another user
    const asked = vi.spyOn(process, 'getuid').mockReturnValue(own + 1);
    try {
      expect(openVerdictCache(folder, import.meta.dirname)).toEqual({
        unused: expect.stringContaining('it belongs to another user'),
      });
      expect(mine.read(key, migration)).toBe(null);
    } finally {
      asked.mockRestore();
    }
    expect(mine.read(key, migration)).toEqual(judgement);
    // only a superuser can give files away
    if (own !== 0) return;
    chownSync(fileOf(key, folder), 65_534, 65_534);
    expect(mine.read(key, migration)).toBe(null);
    chownSync(folder, 65_534, 65_534);
    expect(openVerdictCache(folder, import.meta.dirname)).toHaveProperty('unused');
  });

  it('keeps a bounded number of files, those that were used last', () => {
    const folder = join(cache, 'many');
    mkdirSync(folder, { mode: 0o700 });
    for (let n = 0; n < 5010; n += 1) writeFileSync(fileOf(digest('verdict', [String(n)]), folder), '');
    writeFileSync(join(folder, 'of another program'), '');
    const cacheOf = opened(folder);
    cacheOf.write(key, judgement);
    expect(readdirSync(folder)).toHaveLength(5002);
    expect(cacheOf.read(key, migration)).toEqual(judgement);
  });
});

describe('oneroof check with the verdicts of an earlier run', () => {
  const written: readonly Written[] = [
    { name: 'a', up: 'create table a (id int primary key, n int);', down: 'drop table a;' },
    { name: 'lost', up: 'alter table a drop column n;', down: 'alter table a add column n int;' },
    { name: 'b', up: 'create table b (id int);', down: 'drop table b;' },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-cached-'));
  const own = join(cache, 'own');
  const run = (...words: readonly string[]): ReturnType<typeof checked> =>
    checked(folder, ['--all', '--cache', own, ...words]);
  const file = (name: string): string => join(folder, 'migrations', name);
  let first: ReturnType<typeof checked>;
  beforeAll(() => {
    for (const [path, text] of Object.entries(golangMigrate(written))) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    first = run();
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('judges nothing again, starts no server, and says so', { timeout: 300_000 }, () => {
    expect(first.result.cached).toBe(0);
    // no server could write its files there
    const place = join(cache, 'no-place');
    const { result } = checked(folder, ['--all', '--cache', own], { TMPDIR: place });
    expect(result).toEqual({ ...first.result, cached: 3, milliseconds: result.milliseconds });
    expect(() => checked(folder, ['--all', '--no-cache'], { TMPDIR: place })).toThrow('no-place');
    expect(oneroof(['check', folder, '--all', '--cache', own]).stdout).toContain('(3 from the cache)');
  });

  it('judges a changed one and all after it, on the same state as without a cache', { timeout: 300_000 }, () => {
    writeFileSync(file('000002_lost.up.sql'), 'alter table a add column m int;');
    writeFileSync(file('000002_lost.down.sql'), 'alter table a drop column m;');
    const again = run();
    expect([again.result.cached, again.of('lost').verdict]).toEqual([1, 'clean']);
    const { result } = checked(folder, ['--all', '--no-cache']);
    const timeless = (of: typeof result): unknown => [
      of.rows,
      of.migrations.map((one) => ({ ...one, milliseconds: 0 })),
    ];
    expect(timeless(again.result)).toEqual(timeless(result));
    expect([result.cached, run().result.cached]).toEqual([0, 3]);
  });

  it('keeps nothing where values of rows are shown', { timeout: 300_000 }, () => {
    const before = readdirSync(own).length;
    writeFileSync(file('000003_b.up.sql'), 'create table b (id bigint);');
    run('--show-values');
    expect(readdirSync(own)).toHaveLength(before);
    expect(run('--superuser').result.cached).toBe(0);
  });
});
