import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  checkSeal,
  lintRelease,
  readSealed,
  releaseOfSeal,
  type SealDocument,
  sealDocument,
  sealRelease,
} from '../../src/release/index.ts';

const made: string[] = [];
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true });
});

const manifest = `format: 1
name: small
title: A small release
database: shop
metrics:
  rows: Rows
tiers:
  - id: 1-first
    title: First
`;
const whole: Readonly<Record<string, string>> = {
  'release.yaml': manifest,
  'tiers/1-first/up.sql': 'CREATE TABLE a (id int);\n',
  'tiers/1-first/down.sql': 'DROP TABLE a;\n',
  'metrics/rows.sql': 'SELECT count(*) FROM b;\n',
};

async function write(changes: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oneroof-release-'));
  made.push(folder);
  for (const [name, text] of Object.entries({ ...whole, ...changes })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

test('a whole release has no problems', async () => {
  expect((await lintRelease(await write({}))).problems).toEqual([]);
});

const up = 'tiers/1-first/up.sql';
test.each([
  ['YAML_SYNTAX', 'release.yaml', `${manifest}name: twice\n`],
  ['YAML_INVALID', 'release.yaml', `${manifest}colour: red\n`],
  ['FILE_NOT_TEXT', up, 'SELECT 1;\0'],
  ['FILE_UNUSED', 'stray.sql', 'SELECT 1;'],
  ['STEPS_MISSING', up, '-- nothing\n'],
  ['SQL_SYNTAX', up, 'SELECT 1;\nCREATE TABEL a (id int);'],
  ['SQL_META_COMMAND', up, '\\connect other\nSELECT 1;'],
  ['SQL_META_COMMAND', up, 'SELECT :name;'],
  ['SQL_COPY_INLINE', up, 'COPY a FROM STDIN;'],
  ['SQL_NOT_ANALYSED', up, `SELECT ${'('.repeat(100_000)}1${')'.repeat(100_000)};`],
  ['RULE_TRANSACTION', up, 'COMMIT;'],
  ['RULE_TRANSACTION', up, 'DO $$ BEGIN COMMIT; END $$;'],
  ['RULE_SESSION', up, 'SET search_path = public;'],
  ['RULE_SESSION', up, "DO $$ BEGIN PERFORM set_config('a.b', 'c', false); END $$;"],
  ['RULE_CLUSTER', up, 'CREATE ROLE r;'],
  ['RULE_DISPATCH', up, "SELECT pg_notify('a', 'b');"],
  ['RULE_DISPATCH', up, 'NOTIFY a;'],
  ['RULE_CASCADE', up, 'DROP TABLE b CASCADE;'],
  ['RULE_CASCADE', up, 'DO $$ BEGIN DROP TABLE b CASCADE; END $$;'],
  ['RULE_DEFINER', up, "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"],
  ['RULE_LANGUAGE', up, "CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'return 1';"],
  ['RULE_CASCADE', up, "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DROP TABLE b CASCADE';"],
  ['RULE_CONCURRENTLY', up, 'CREATE INDEX CONCURRENTLY i ON b (id);'],
  ['RULE_ENUM_USED', up, "ALTER TYPE e ADD VALUE 'x'; SELECT 'x'::e;"],
  ['RULE_NOT_VALID', up, 'ALTER TABLE b ADD CONSTRAINT c CHECK (id > 0) NOT VALID;'],
  ['QUERY_NOT_SELECT', 'metrics/rows.sql', 'DELETE FROM b;'],
  ['QUERY_WRITES', 'metrics/rows.sql', "SELECT nextval('s');"],
])('%s is said of %s, case %#', async (code, file, text) => {
  const { problems } = await lintRelease(await write({ [file]: text }));
  expect(problems.map((problem) => problem.code)).toContain(code);
});

test('a syntax error has the line and column of the wrong word', async () => {
  const { problems } = await lintRelease(await write({ [up]: 'SELECT 1;\nCREATE TABEL a (id int);' }));
  expect(problems[0]?.place).toEqual({ file: up, line: 2, column: 8 });
});

test('a seal holds the tables that may gain partitions, and nothing of them where there are none', async () => {
  const sealed = async (yaml: string): Promise<SealDocument> => {
    const folder = await write({ 'release.yaml': yaml });
    await sealRelease(folder);
    const { release } = await readSealed(folder);
    const document = sealDocument(release);
    expect(releaseOfSeal(document)?.release.expects).toEqual(release.expects);
    return document;
  };
  const expects = { partitionsOf: ['app.events', 'app.logs'] };
  const { expects: held, ...rest } = await sealed(`${manifest}expects: ${JSON.stringify(expects)}\n`);
  expect(held).toEqual(expects);
  expect(await sealed(manifest)).toEqual(rest);
});

test('a seal ignores line ends, marks and YAML comments, and names what changed', async () => {
  const folder = await write({});
  await expect(readSealed(folder)).rejects.toThrow('not sealed');
  const { seal } = await sealRelease(folder);
  await writeFile(join(folder, up), `\uFEFF${whole[up]?.replaceAll('\n', '\r\n')}`);
  await writeFile(join(folder, 'release.yaml'), `# a comment\n${manifest}`);
  expect((await readSealed(folder)).seal).toBe(seal);
  await writeFile(join(folder, up), 'CREATE TABLE a (id bigint);\n');
  expect((await checkSeal(folder)).changes.map(({ path }) => path)).toEqual(['tiers.0.up.0']);
  await expect(readSealed(folder)).rejects.toMatchObject({ problems: [{ code: 'SEAL_BROKEN' }] });
});

test('links are sealed as they stand, only https addresses that show where they lead, and none leaves the seal of before', async () => {
  const sealed = async (links: string) => (await sealRelease(await write({ 'release.yaml': manifest + links }))).seal;
  const before = await sealed('');
  expect(await sealed('links: []\n')).toBe(before);
  const folder = await write({
    'release.yaml': `${manifest}links: [{ title: ticket 1, url: https://tickets.example.org/1?a=b#c }]\n`,
  });
  await sealRelease(folder);
  const { release, seal } = await readSealed(folder);
  expect(seal).not.toBe(before);
  expect(release.links).toEqual([{ title: 'ticket 1', url: 'https://tickets.example.org/1?a=b#c' }]);
  const hostile = [
    'http://a.example',
    'javascript:alert(1)',
    'https://bank.example@evil.example/',
    'https://a.example/ b',
    'https:\\\\evil.example',
    '//evil.example',
    'data:text/html,x',
  ];
  for (const url of hostile)
    await expect(sealed(`links: [{ title: t, url: ${JSON.stringify(url)} }]\n`), url).rejects.toMatchObject({
      code: 'YAML_INVALID',
    });
});
