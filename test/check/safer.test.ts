import { describe, expect, it } from 'vitest';
import { saferSql } from '../../src/check/altered.ts';
import { sentOf } from '../../src/check/sent.ts';
import { loadParser } from '../../src/release/index.ts';

const parser = await loadParser();

function safer(text: string): string | null {
  const [sent] = sentOf(parser, { file: 'a.sql', line: 1, text, send: 'message' });
  return sent === undefined ? null : saferSql(sent, 'public.t');
}

describe('the safer SQL of a statement', () => {
  it.each([
    ['create unique index i on t (a)', 'create unique index concurrently i on t (a);'],
    ['CREATE INDEX i ON t (a)', 'CREATE INDEX CONCURRENTLY i ON t (a);'],
    [
      'ALTER TABLE t ALTER COLUMN "B" SET NOT NULL',
      'ALTER TABLE public.t ADD CONSTRAINT "B_not_null" CHECK ("B" IS NOT NULL) NOT VALID;',
    ],
    [
      'alter table t add constraint c check (a > 0)',
      'alter table t add constraint c check (a > 0) not valid;\nalter table public.t validate constraint c;',
    ],
    [
      'ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)',
      'CREATE UNIQUE INDEX CONCURRENTLY c ON public.t (a);\nALTER TABLE public.t ADD CONSTRAINT c UNIQUE USING INDEX c;',
    ],
  ])('is in the case of its words: %s', (text, expected) => {
    expect(safer(text)).toContain(expected);
    expect(safer(`-- a comment\n${text};`)).toContain(expected);
  });
});
