import { expect, it } from 'vitest';
import { failureFault, scriptFailureOf } from '../../src/check/failure.ts';

const fixFor = (message: string, code = '42704'): string => {
  // a name that is not in the statement may be a value, and is not shown
  const sent = { sql: `-- ${message}`, kind: 'SelectStmt', line: 1 } as never;
  const of = { file: 'a.sql', inTransaction: true, values: 'hidden' } as const;
  const failure = scriptFailureOf({ sent, error: { code, message } }, of);
  return failureFault('up-fails', failure, { begin: 'the up fails', fix: 'correct it' }).fix;
};

it.each(['blob', 'datetime', 'longtext', 'nvarchar'])('says what to do with SQL of another database: %s', (type) => {
  expect(fixFor(`type "${type}" does not exist`)).toContain('--migrations');
});

it('says it of no other type, and of no other failure', () => {
  expect(fixFor('type "mood" does not exist')).toBe('correct it');
  expect(fixFor('type "blob" does not exist', '42P01')).toBe('correct it');
});
