import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { OneRoofError, type Problem } from '../../src/core/index.ts';
import { draftImport, type ImportDraft } from '../../src/import/draft-release.ts';
import { historyFormOf } from '../../src/import/tool-histories.ts';
import { type HistoryRow } from '../../src/import/history-state.ts';
import { fileDigest, loadParser, migrationFactsOf } from '../../src/release/index.ts';
import { assemble } from '../../src/release/assemble.ts';
import { projectOf, repositoryOf } from './files.ts';

type Files = Readonly<Record<string, string>>;

const parser = await loadParser();

async function draft(files: Files, rows: readonly HistoryRow[], existing: Files | null = null): Promise<ImportDraft> {
  const project = await projectOf(files);
  const form = historyFormOf(project);
  if (form === null) throw new Error(`${project.tool} keeps no history`);
  const history = { database: 'app', schema: 'public', table: 'history', owner: 'app_owner' };
  const pending = { ...form.judge(project.migrations, rows), table: 'history', history, rows };
  return draftImport(
    { project, pending, files: repositoryOf(files), parser },
    { name: 'imported', existing: existing === null ? null : new Map(Object.entries(existing)) },
  );
}

const goose = (up: string, down: string | null, mark = '-- +goose NO TRANSACTION\n'): Files => ({
  'm/00002_a.sql': `${mark}-- +goose Up\n${up}\n${down === null ? '' : `-- +goose Down\n${down}\n`}`,
});
const begun: readonly HistoryRow[] = [{ id: '0', applied: 'true', at: '1' }];
const drafted = (up: string, down: string | null): Promise<ImportDraft> => draft(goose(up, down), begun);

const folderOf = ({ files }: ImportDraft, before: Files = {}): Files => ({ ...before, ...Object.fromEntries(files) });
const read = (folder: Files): ReturnType<typeof assemble> =>
  assemble({ folder: '', files: new Map(Object.entries(folder)), parser });
const codesOf = (folder: Files): readonly string[] => read(folder).problems.map(({ code }) => code);

interface Tier {
  readonly id: string;
  readonly transaction?: string;
  readonly oneWay?: string;
}

/** Each tier as `transaction: up | down`, without the lock and the row of the last one. */
function shown(made: ImportDraft): readonly string[] {
  const folder = folderOf(made);
  const { tiers } = parse(folder['release.yaml'] ?? '') as { readonly tiers: readonly Tier[] };
  const side = (id: string, name: string): string => {
    const text = folder[`tiers/${id}/${name}.sql`];
    if (text === undefined) return 'none';
    return parser
      .parse('', text)
      .statements.map(({ step }) => (/"history"/.test(step.sql) ? step.sql.split(' ')[0] : step.sql))
      .join('; ');
  };
  return tiers.map(
    ({ id, transaction = 'single', oneWay }) =>
      `${transaction}: ${side(id, 'up')} | ${oneWay === undefined ? '' : 'oneWay '}${side(id, 'down')}`,
  );
}

const row = 'single: LOCK; INSERT | LOCK; DELETE';

const cut: readonly (readonly [what: string, up: string, down: string | null, tiers: readonly string[]])[] = [
  [
    'statements in and outside of a transaction keep their order, and each part of the down goes to what it undoes',
    'alter table t add a int;\nupdate t set a = 1;\ncreate index concurrently if not exists i on t (a);\ncreate unique index concurrently j on t (b);\nanalyze t;',
    'drop index concurrently if exists j;\ndrop index i;\nupdate t set a = null;\nalter table t drop a;',
    [
      'each: alter table t add a int; update t set a = 1 | update t set a = null; alter table t drop a',
      'outside: create index concurrently i on t (a); create unique index concurrently j on t (b) | drop index concurrently if exists j; DROP INDEX CONCURRENTLY IF EXISTS "i"',
      'single: analyze t | SELECT 1',
      row,
    ],
  ],
  [
    'BEGIN and COMMIT of the file make one transaction',
    'create index concurrently i on t (a);\nbegin;\nalter table t add b int;\nalter table t add c int;\ncommit;\nalter table t add d int;',
    'alter table t drop d;\nbegin;\nalter table t drop c;\nalter table t drop b;\ncommit;\ndrop index concurrently i;',
    [],
  ],
  [
    'a value of an enum is added in one transaction and used in the next',
    "alter type e add value 'x';\nupdate t set a = 'x'::e;",
    "update t set a = null;\nselect 'the value stays';",
    ["each: alter type e add value 'x'; update t set a = 'x'::e | update t set a = null", row],
  ],
  [
    'DROP INDEX IF EXISTS that clears the name of the next CREATE INDEX stays with it',
    'drop index concurrently if exists s.i;\ncreate index concurrently i on s.t (a);',
    "select 'nothing';",
    [
      'outside: drop index concurrently if exists s.i; create index concurrently i on s.t (a) | DROP INDEX CONCURRENTLY IF EXISTS "s"."i"',
      row,
    ],
  ],
  [
    'each DROP INDEX has a tier of its own, with the CREATE INDEX of the down',
    'drop index concurrently i;\ndrop index concurrently j;',
    'create index if not exists i on t (a);\ncreate index j on t (b);',
    [
      'outside: drop index concurrently i | create index CONCURRENTLY i on t (a)',
      'outside: drop index concurrently j | create index CONCURRENTLY j on t (b)',
      row,
    ],
  ],
  [
    'VACUUM and REINDEX need no rollback',
    'vacuum t;\nreindex index concurrently i;',
    '-- nothing',
    ['outside: vacuum t; reindex index concurrently i | ', row],
  ],
  [
    'a migration without a down cannot be rolled back',
    'create index concurrently i on t (a);',
    null,
    ['outside: create index concurrently i on t (a) | oneWay none', 'single: LOCK; INSERT | oneWay none'],
  ],
  ...(
    [
      ['DETACH', 'alter table t detach partition p concurrently;', 'alter table t attach partition p default;'],
      ['a dropped index that is not made again', 'drop index concurrently i;', "select 'x';"],
      [
        'a down in another order',
        'create table u (a int);\ncreate index concurrently i on t (a);',
        'drop table u;\ndrop index concurrently i;',
      ],
      [
        'a down that drops indexes of two tiers in their order',
        'create index concurrently i on t (a);\nanalyze t;\ncreate index concurrently j on t (a);',
        'drop index i;\ndrop index j;',
      ],
      ['a down that drops other indexes too', 'create index concurrently i on t (a);', 'drop index i, k;'],
      ['a down with CASCADE', 'create index concurrently i on t (a);', 'drop index i cascade;'],
      [
        'a down that raises an error',
        'create index concurrently i on t (a);',
        "-- +goose StatementBegin\ndo $$ begin raise exception 'no'; end $$;\n-- +goose StatementEnd",
      ],
      [
        'a concurrent down of what was made in a transaction',
        'create table u (a int);\ncreate index i on t (a);',
        'drop index concurrently i;\ndrop table u;',
      ],
    ] as const
  ).map(([what, up, down]) => [`${what} makes the whole migration one-way`, up, down, ['ONE WAY']] as const),
];

describe('a migration that its tool runs without a transaction becomes tiers', () => {
  it.each(cut)('%s', async (_, up, down, tiers) => {
    const made = await drafted(up, down);
    const found = shown(made);
    if (tiers[0] === 'ONE WAY') expect(found.every((one) => one.endsWith('oneWay none'))).toBe(true);
    else if (tiers.length > 0) expect(found).toEqual(tiers);
    else expect(found.map((one) => one.split(':')[0])).toEqual(['outside', 'single', 'single', 'single']);
    expect(read(folderOf(made)).problems).toEqual([]);
  });

  it('declares the table of an index that is dropped, which only the down names', async () => {
    const made = await drafted('drop index concurrently i;', 'create index i on s.t (a);');
    expect(parse(folderOf(made)['release.yaml'] ?? '')).toMatchObject({ touches: ['public.history', 's.t'] });
  });

  it('says at its line what a tier says in other words', async () => {
    const { changes } = await drafted('create index concurrently if not exists i on t (a);', 'drop index i;');
    expect(changes).toEqual([
      'migrations/00002_a.sql:3: IF NOT EXISTS is left out: it also succeeds with an invalid index',
      'migrations/00002_a.sql:5: this is written as DROP INDEX CONCURRENTLY IF EXISTS "i"',
    ]);
  });

  it('stays one tier where one statement, or the file itself, is one transaction', async () => {
    for (const up of [
      'alter table t add a int;',
      'begin;\nalter table t add a int;\nalter table t add b int;\ncommit;',
    ])
      expect((await drafted(up, 'alter table t drop a;')).tiers).toEqual(['1-00002-a']);
  });

  it('is shown to approvers with its file in each tier, and with the tier that writes the row', async () => {
    const { release } = read(
      folderOf(await drafted('create index concurrently if not exists i on t (a);', 'drop index i;')),
    );
    if (release === null) throw new Error('not read');
    const changes = [expect.stringContaining('IF NOT EXISTS'), expect.stringContaining('DROP INDEX')];
    expect(migrationFactsOf(release, '1-00002-a')).toMatchObject({ row: {}, rowIn: '2-00002-a-history', changes });
    expect(migrationFactsOf(release, '2-00002-a-history')).toMatchObject({ row: { version_id: '2' }, changes });
  });
});

const refused: readonly (readonly [what: string, files: Files, rows: readonly HistoryRow[], line: number])[] = [
  ['VACUUM FULL', goose('select 1;\nvacuum full t;', null), begun, 4],
  ['an index without a name', goose('create index concurrently on t (a);', null), begun, 3],
  ['CREATE DATABASE', goose('create database d;', null), begun, 3],
  [
    'CONCURRENTLY between BEGIN and COMMIT',
    goose('select 1;\nbegin;\ncreate index concurrently i on t (a);\ncommit;', null),
    begun,
    5,
  ],
  ['ROLLBACK', goose('vacuum t;\nbegin;\nselect 1;\nrollback;', null), begun, 6],
  ['a file that goose runs in a transaction', goose('create index concurrently i on t (a);', null, ''), begun, 2],
  [
    'one of several statements in a message',
    {
      'go.mod': 'module a\nrequire github.com/golang-migrate/migrate/v4 v4.18.1\n',
      'm/000005_b.up.sql': 'select 1;\ncreate index concurrently i on t (a);\n',
    },
    [{ id: '4', dirty: 'false' }],
    2,
  ],
];

async function refusal(work: Promise<unknown>): Promise<readonly Problem[]> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OneRoofError) return error.problems;
  throw error instanceof Error ? error : new Error('it was not refused');
}

describe('a migration without a transaction is refused', () => {
  it.each(refused)('with %s, at its place', async (_, files, rows, line) => {
    expect(await refusal(draft(files, rows))).toMatchObject([{ code: 'IMPORT_UNFIT', place: { line } }]);
  });

  it('where it is cut otherwise than before, when it is imported again', async () => {
    const folder = folderOf(await drafted('create index concurrently i on t (a);', 'drop index i;'));
    const more = goose('create index concurrently i on t (a);\nanalyze t;', 'drop index i;');
    expect(await refusal(draft(more, begun, folder))).toMatchObject([{ code: 'IMPORT_CONFLICT' }]);
    const same = await draft(
      {
        ...goose('create index concurrently j on t (b);', 'drop index j;'),
        'm/00003_b.sql': '-- +goose Up\ncreate table u ();\n-- +goose Down\ndrop table u;\n',
      },
      begun,
      folder,
    );
    expect(same.added).toEqual(['3-00003-b']);
    expect(codesOf(folderOf(same, folder))).toEqual([]);
  });
});

describe('the seal of tiers without a transaction', () => {
  const changes: readonly (readonly [what: string, file: string, from: string, to: string, code: string])[] = [
    ['a statement is another one', 'tiers/1-00002-a-1/up.sql', 'on t (a)', 'on t (b)', 'IMPORT_STATEMENTS'],
    [
      'IF NOT EXISTS is added',
      'tiers/1-00002-a-1/up.sql',
      'concurrently i',
      'concurrently if not exists i',
      'RULE_OUTSIDE',
    ],
    ['a statement is missing', 'tiers/2-00002-a-2/up.sql', 'alter table t add b int;', '', 'IMPORT_STATEMENTS'],
    [
      'a statement of the down is another one',
      'tiers/1-00002-a-1/down.sql',
      'EXISTS "i"',
      'EXISTS "k"',
      'IMPORT_STATEMENTS',
    ],
    [
      'statements run in one transaction',
      'release.yaml',
      'transaction: each',
      'transaction: single',
      'IMPORT_STATEMENTS',
    ],
    ['a tier is barred', 'release.yaml', 'transaction: each', 'transaction: each\n    barred: later', 'IMPORT_HISTORY'],
    ['a tier is not named', 'release.yaml', '        - 2-00002-a-2\n', '', 'IMPORT_STATEMENTS'],
    ['a tier is unknown', 'release.yaml', '        - 2-00002-a-2\n', '        - 9-other\n', 'NAME_UNKNOWN'],
    [
      'tiers are in another order',
      'release.yaml',
      '        - 1-00002-a-1\n        - 2-00002-a-2\n',
      '        - 2-00002-a-2\n        - 1-00002-a-1\n',
      'NAME_TWICE',
    ],
    [
      'the row is written without the tiers',
      'tiers/3-00002-a-history/up.sql',
      'VALUES (2,',
      'VALUES (3,',
      'IMPORT_HISTORY',
    ],
  ];

  it.each(changes)('is refused where %s', async (_, file, from, to, code) => {
    const folder = folderOf(
      await drafted(
        'create index concurrently i on t (a);\nalter table t add b int;\nanalyze t;',
        'alter table t drop b;\ndrop index i;',
      ),
    );
    expect(codesOf(folder)).toEqual([]);
    const text = folder[file] ?? '';
    expect(text).toContain(from);
    expect(codesOf({ ...folder, [file]: text.replace(from, to) })).toContain(code);
  });

  it('lets people say that a tier cannot be rolled back', async () => {
    const folder = folderOf(await drafted('create index concurrently i on t (a);', 'drop index i;'));
    const yaml = (folder['release.yaml'] ?? '').replaceAll(/^( +)title: .*/gm, '$&\n$1oneWay: its index is of a whole');
    const { 'tiers/1-00002-a/down.sql': part, 'tiers/2-00002-a-history/down.sql': last, ...rest } = folder;
    expect([part, last]).not.toContain(undefined);
    expect(codesOf({ ...rest, 'release.yaml': yaml })).toEqual([]);
  });

  it('is refused where a down that people wrote names the history', async () => {
    const folder = folderOf(await drafted('create index concurrently i on t (a);\nanalyze t;', null));
    const file = 'tiers/2-00002-a-2/down.sql';
    expect(codesOf({ ...folder, [file]: 'select 1;' })).toEqual([]);
    expect(codesOf({ ...folder, [file]: 'delete from history;' })).toEqual(['IMPORT_HISTORY']);
  });

  it('is refused where the file does not say that it runs without a transaction', async () => {
    const made = folderOf(await drafted('alter table t add a int;\nalter table t add b int;', 'select 1;'));
    const name = 'migrations/00002_a.sql';
    const text = (made[name] ?? '').replace('NO TRANSACTION', 'ENVSUB OFF');
    const digest = fileDigest(text);
    const yaml = (made['release.yaml'] ?? '').replace(/sha256:[0-9a-f]{64}/, digest);
    expect(codesOf({ ...made, [name]: text, 'release.yaml': yaml })).toEqual(['IMPORT_STATEMENTS']);
  });
});
