import { describe, expect, it } from 'vitest';
import { rehearse } from '../../src/rehearsal/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const before = [
  'create table public.docs (id integer primary key, body json, other text)',
  `insert into public.docs values (1, '{"a": 1,  "b": "x  y"}', 'one'), (2, '{"a":  2}', 'two'), (3, '{"a":3}', 'three')`,
];

async function problemsOf(
  up: string,
  down: string,
): Promise<readonly { readonly problem: string; readonly fix: string }[]> {
  const release = sealed([tier('1-x', { up: [up], down: [down] })]);
  return await withHost(before, async ({ host }) => (await rehearse({ release, host, owner: 'test' })).problems);
}

const there = 'alter table public.docs alter column body type jsonb';
const back = 'alter table public.docs alter column body type json';

describe('a json column that comes back', () => {
  it('with other white space is told with its name and the number of rows', { timeout: 60_000 }, async () => {
    const problems = await problemsOf(there, back);
    expect(problems.map(({ problem }) => problem)).toEqual([
      'table public.docs: json column body differs only in white space, in 3 rows; jsonb would be equal',
    ]);
    expect(problems[0]?.fix).toContain('restore the text of public.docs');
  });

  it.each([
    ['white space within a string', `update public.docs set body = '{"a": 1,  "b": "x y"}' where id = 1`],
    ['another order of keys', `update public.docs set body = '{"b": "x  y", "a": 1}' where id = 1`],
    ['another column', `update public.docs set other = 'eins' where id = 1`],
  ])('with %s is told as other content', { timeout: 60_000 }, async (_, change) => {
    const [first] = await problemsOf(change, 'select 1');
    expect(first?.problem).toMatch(/^table public\.docs: same number of rows, other content; first: id=1 changed/);
  });
});
