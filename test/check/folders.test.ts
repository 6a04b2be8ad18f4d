import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foundServer, packagedMajors } from '../../src/database/index.ts';
import { oneroof } from '../cli/run.io.ts';
import { checked, golangMigrate, goose, withFiles } from './repository.io.ts';

const one = { name: 'one', up: 'create table one (id int primary key);', down: 'drop table one;' };
const two = { name: 'two', up: 'create index two on one (id);', down: '-- forgotten' };

function git(folder: string, ...words: string[]): void {
  const names = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
  const { status, stderr } = spawnSync('git', ['-C', folder, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...names },
  });
  if (status !== 0) throw new Error(stderr);
}

function refused(words: readonly string[]): unknown {
  const { status, stdout } = oneroof(['check', ...words, '--json', '--no-cache']);
  const { problems } = JSON.parse(stdout) as { problems: readonly { code: string; fix: string }[] };
  return [status, problems[0]?.code, problems[0]?.fix];
}

describe('oneroof check in a repository', () => {
  it('runs no filter that the configuration names, and judges all where a file was deleted', { timeout: 300_000 }, () =>
    withFiles(golangMigrate([one]), (folder) => {
      const ran = join(folder, 'ran');
      git(folder, 'init', '-q', '-b', 'main');
      git(folder, 'add', '.');
      git(folder, 'commit', '-qm', 'one');
      git(folder, 'checkout', '-qb', 'work');
      git(folder, 'config', 'filter.x.clean', `touch ${ran}; cat`);
      writeFileSync(join(folder, '.git/info/attributes'), '*.sql filter=x\n');
      const [path = '', text = ''] =
        Object.entries(golangMigrate([one])).find(([name]) => name.endsWith('up.sql')) ?? [];
      writeFileSync(join(folder, path), `${text} `);
      expect(checked(folder, []).result.migrations).toHaveLength(1);
      expect(existsSync(ran)).toBe(false);
      // git itself would have run it
      git(folder, 'diff', '--name-only', 'main');
      expect(existsSync(ran)).toBe(true);
      git(folder, 'config', '--unset', 'filter.x.clean');
      writeFileSync(join(folder, path), text);
      rmSync(join(folder, path.replace('.up.', '.down.')));
      const { result } = checked(folder, []);
      expect(result.scope.which).toBe('all');
      expect(result.scope.why).toContain('000001_one.down.sql was deleted since');
    }),
  );

  it(
    'judges what is new since the main branch, all where that is unknown, and passes with what it knows',
    { timeout: 500_000 },
    () =>
      withFiles(golangMigrate([one]), (folder) => {
        const unknown = checked(folder, []);
        expect([unknown.status, unknown.result.scope.which]).toEqual([0, 'all']);
        expect(unknown.result.scope.why).toContain('no Git repository');
        git(folder, 'init', '-q', '-b', 'main');
        git(folder, 'add', '.');
        git(folder, 'commit', '-qm', 'one');
        git(folder, 'checkout', '-qb', 'work');
        const none = checked(folder, []);
        expect([none.status, none.result.scope.which, none.result.migrations]).toEqual([0, 'new', []]);
        for (const [path, text] of Object.entries(golangMigrate([one, two]))) writeFileSync(join(folder, path), text);
        const found = checked(folder, []);
        expect([found.status, found.result.migrations.map(({ id }) => id)]).toEqual([1, ['2']]);
        const baseline = join(folder, 'known.json');
        expect(oneroof(['check', folder, '--no-cache', '--baseline', baseline, '--write-baseline']).status).toBe(0);
        // a branch cannot excuse its own faults
        const text = readFileSync(baseline, 'utf8');
        const own = checked(folder, ['--baseline', baseline, '--markdown', join(folder, 'a.md')]);
        expect([own.status, own.note]).toEqual([1, expect.stringContaining('counts once it is merged')]);
        expect(readFileSync(join(folder, 'a.md'), 'utf8')).toContain('no fault is known');
        git(folder, 'checkout', '-q', 'main');
        git(folder, 'add', 'known.json');
        git(folder, 'commit', '-qm', 'known faults', 'known.json');
        git(folder, 'checkout', '-q', 'work');
        git(folder, 'merge', '-q', 'main');
        writeFileSync(baseline, JSON.stringify({ version: 1, faults: [] }));
        const changed = checked(folder, ['--baseline', baseline]);
        expect([changed.status, changed.note]).toEqual([
          0,
          expect.stringContaining('this branch changes the baseline'),
        ]);
        writeFileSync(baseline, text);
        const known = checked(folder, [
          '--baseline',
          baseline,
          '--sarif',
          join(folder, 'a.sarif'),
          '--junit',
          join(folder, 'a.xml'),
          '--markdown',
          join(folder, 'a.md'),
        ]);
        expect([known.status, known.result.outcome, known.note]).toEqual([0, 'failed', null]);
        expect(readFileSync(join(folder, 'a.sarif'), 'utf8')).toContain('empty-down');
        expect(readFileSync(join(folder, 'a.xml'), 'utf8')).toContain('<testsuite');
        expect(readFileSync(join(folder, 'a.md'), 'utf8')).toContain('oneroof check');
      }),
  );

  const ordered: readonly (readonly [
    tool: string,
    files: Readonly<Record<string, string>>,
    path: string,
    order: string,
  ])[] = [
    [
      'sqitch',
      {
        'sqitch.conf': '[core]\n  engine = pg\n',
        ...Object.fromEntries(
          ['a', 'b', 'c'].flatMap((name) => [
            [`deploy/${name}.sql`, `create table ${name} (id int primary key);`],
            [`revert/${name}.sql`, `drop table ${name};`],
          ]),
        ),
      },
      'sqitch.plan',
      '%project=x\n\nONE 2024-01-01T00:00:00Z a <a@b>\nTWO 2024-01-01T00:00:00Z a <a@b>\nTHREE 2024-01-01T00:00:00Z a <a@b>\n',
    ],
    [
      'drizzle',
      Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [`d/${name}.sql`, `create table ${name} (id int primary key);`]),
      ),
      'd/meta/_journal.json',
      '{"dialect":"postgresql","entries":[{"tag":"ONE","when":1},{"tag":"TWO","when":2},{"tag":"THREE","when":3}]}',
    ],
    [
      'liquibase',
      Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [
          `${name}.sql`,
          `--liquibase formatted sql\n--changeset x:${name}\ncreate table ${name} (id int primary key);\n--rollback drop table ${name};\n`,
        ]),
      ),
      'changelog.xml',
      '<databaseChangeLog><include file="ONE.sql"/><include file="TWO.sql"/><include file="THREE.sql"/></databaseChangeLog>',
    ],
  ];
  it.each(ordered)(
    'judges what only changed its place in the order of %s',
    { timeout: 300_000 },
    (_, files, path, order) => {
      const as = (one: string, two: string, three: string): string =>
        order.replace('ONE', one).replace('TWO', two).replace('THREE', three);
      return withFiles({ ...files, [path]: as('a', 'b', 'c') }, (folder) => {
        git(folder, 'init', '-q', '-b', 'main');
        git(folder, 'add', '.');
        git(folder, 'commit', '-qm', 'one');
        git(folder, 'checkout', '-qb', 'work');
        expect(checked(folder, []).result.migrations).toEqual([]);
        writeFileSync(join(folder, path), as('a', 'c', 'b'));
        const { result } = checked(folder, []);
        expect(result.migrations.map(({ name }) => name.replace(/^x:/, ''))).toEqual(['c', 'b']);
        expect(result.scope.why).toContain('2 whose place in the order');
      });
    },
  );

  it('inserts the rows of a file before the first judged migration', { timeout: 300_000 }, () =>
    withFiles(
      {
        ...golangMigrate([one, { name: 'less', up: 'delete from one where id = 77;', down: 'select pg_typeof(1);' }]),
        'rows.sql': 'insert into one values (77);',
      },
      (folder) => {
        const { of } = checked(folder, ['--from', '2', '--rows', join(folder, 'rows.sql')]);
        expect(of('less').faults[0]?.cause).toContain('public.one lacks 1 row');
      },
    ),
  );

  it('names the command that runs migrations that are programs', () => {
    const migration = `import { Migration } from '@mikro-orm/migrations';\n`;
    return withFiles(
      Object.fromEntries(
        ['order', 'cart', 'tax', 'user'].map((name) => [`${name}/migrations/Migration20240101000000.ts`, migration]),
      ),
      (folder) => {
        expect(refused([folder])).toEqual([
          2,
          'CHECK_PROGRAMS',
          expect.stringContaining(`--record 'npx mikro-orm migration:up' --record-down 'npx mikro-orm migration:down'`),
        ]);
      },
    );
  });

  it('says what is missing where it cannot begin', () =>
    withFiles(
      {
        ...golangMigrate([one]),
        ...Object.fromEntries(
          Object.entries(goose([one]))
            .filter(([path]) => path !== 'go.mod')
            .map(([path, text]) => [`other/${path}`, text]),
        ),
      },
      (folder) => {
        mkdirSync(join(folder, 'nothing'));
        expect(refused([join(folder, 'nothing')])).toEqual([
          2,
          'CHECK_NO_FOLDER',
          expect.stringContaining('docs/CHECK.md'),
        ]);
        expect(refused([folder])).toEqual([2, 'CHECK_WHICH_FOLDER', expect.stringContaining('--migrations')]);
        expect(refused([folder, '--migrations', 'migrations', '--from', 'nine'])).toEqual([
          2,
          'CHECK_NO_MIGRATION',
          expect.stringContaining('1'),
        ]);
        expect(refused([folder, '--postgres', '9'])).toEqual([2, 'USAGE', expect.any(String)]);
        const missing = packagedMajors.find((major) => foundServer(major) === null);
        if (missing !== undefined)
          expect(refused([folder, '--migrations', 'migrations', '--postgres', String(missing)])).toEqual([
            expect.any(Number),
            'SERVER_NO_BINARIES',
            expect.stringContaining(`oneroof server add ${missing} `),
          ]);
        expect(refused([folder, '--all', '--from', '1'])).toEqual([2, 'USAGE', expect.any(String)]);
        expect(refused([folder, '--write-baseline'])).toEqual([2, 'USAGE', expect.any(String)]);
        expect(refused([folder, '--baseline', 'missing.json'])).toEqual([2, 'CONFIG_NOT_FOUND', expect.any(String)]);
      },
    ));
});
