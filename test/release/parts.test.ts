import { expect, it } from 'vitest';
import { loadParser } from '../../src/release/parser.io.ts';

/** Statements that hold what looks like the end of one: a part of a file may end at none of these places. */
const tricky = [
  `insert into t values (1, 'one;\ntwo');`,
  `create function f() returns void language plpgsql as $$ begin\n  perform 1;\n  perform 2;\nend $$;`,
  `create function g() returns integer begin atomic\n  select 1;\n  select 2;\nend;`,
  `create rule r as on insert to t do also (insert into u values (1);\ninsert into u values (2));`,
  `create schema s -- the table belongs to it;\n  create table a (id integer);`,
  `select 'a', -- goes on;\n  'b', '𝕏' as "é";`,
  `select 1 /* nested /* comment;\n */ ;\n */ + 1;`,
  `;`,
];
/** More than one part holds. */
const times = 1200;
const copy = `${tricky.join('\n')}\n`;

it('reads a large file in parts as it reads each statement by itself, wherever a part may end', async () => {
  const parser = await loadParser();
  const [one, all] = [parser.parse('x.sql', copy), parser.parse('x.sql', copy.repeat(times))];
  expect([...one.problems, ...all.problems]).toEqual([]);
  expect(one.statements.map(({ step }) => step.kind)).toEqual([
    'InsertStmt',
    'CreateFunctionStmt',
    'CreateFunctionStmt',
    'RuleStmt',
    'CreateSchemaStmt',
    'SelectStmt',
    'SelectStmt',
  ]);
  const lines = copy.split('\n').length - 1;
  const expected = Array.from({ length: times }, (_, at) =>
    one.statements.map(({ step }) => ({ ...step, place: { ...step.place, line: step.place.line + at * lines } })),
  );
  expect(all.statements.map(({ step }) => step)).toEqual(expected.flat());
});

it('ends no part within a statement, wherever the first part would end', async () => {
  const parser = await loadParser();
  const expected = parser.parse('x.sql', copy).statements.map(({ step }) => step.digest);
  const many = copy.repeat(Math.ceil((128 * 1024) / copy.length) + 1);
  for (let at = 0; at < copy.length; at += 10) {
    const { statements } = parser.parse('x.sql', `-- ${'x'.repeat(at)}\n${many}`);
    const digests = statements.map(({ step }) => step.digest);
    const wrong = digests.findIndex((digest, n) => digest !== expected[n % expected.length]);
    expect([at, wrong]).toEqual([at, -1]);
  }
});

it('names the place of a mistake that is behind the first part', async () => {
  const parser = await loadParser();
  const { problems } = parser.parse('x.sql', `${copy.repeat(times)}select '𝕏', 1 fro t;\nselect 2;\n`);
  const line = (copy.split('\n').length - 1) * times + 1;
  expect(problems).toMatchObject([
    { code: 'SQL_SYNTAX', place: { line, column: 19 }, excerpt: "select '𝕏', 1 fro t;" },
  ]);
});

it('reads ten thousand statements in one line in about the time of as many lines', async () => {
  const parser = await loadParser();
  const many = Array.from({ length: 10_000 }, (_, at) => `insert into a values (${at}, 'é');`);
  const took = (text: string): number => {
    const start = performance.now();
    const { statements } = parser.parse('x.sql', text);
    expect(statements.at(-1)?.step.sql).toBe(many.at(-1)?.slice(0, -1));
    return performance.now() - start;
  };
  took(many.join('\n'));
  expect(took(many.join(' '))).toBeLessThan(5 * took(many.join('\n')) + 500);
});

it('keeps what rules ask for in the rows of an INSERT, and no row of constants alone', async () => {
  const parser = await loadParser();
  const [statement] = parser.parse(
    'x.sql',
    `insert into a values (1, 'x'), (2, pg_notify('a', 'b')), (3, 'y')`,
  ).statements;
  const tree = JSON.stringify(statement?.tree);
  expect(tree).toContain('pg_notify');
  expect(tree).not.toContain('"sval":"y"');
});
