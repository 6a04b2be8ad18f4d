import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { release as small } from '../gate/cycle.io.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { halfWay, type Place, rowsOf, withPlace } from '../runbooks/place.io.ts';

/** What comes after a draft, as the command itself says it. */
async function follow({ type, home }: Place, back: string): Promise<void> {
  const lines = [
    `lint ${back}`,
    `seal ${back}`,
    `rehearse ${back} --golden`,
    `ratify ${back}`,
    `rollout ${back}`,
    'abandon release --reason "undone by another release"',
  ];
  for (const line of lines) {
    const { status, stdout, stderr } = await type(`oneroof ${line}`);
    expect(status, `${line}\n${stdout}${stderr}\n${readFileSync(join(home, back, 'release.yaml'), 'utf8')}`).toBe(0);
  }
  expect((await type('oneroof rollout release')).stdout).toContain('abandoned');
}

const tiersOf = ({ home }: Place, back: string): readonly string[] =>
  [...readFileSync(join(home, back, 'release.yaml'), 'utf8').matchAll(/^ +- id: (\S+)/gm)].map(([, id]) => id ?? '');

it(
  'drafts back what a rollout that stopped half way has done, and refuses in the midst of a tier with a way on that works',
  { timeout: 400_000 },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database }, async (place) => {
        const { type } = place;
        const impossible = async (): Promise<string> => {
          const { status, stderr } = await type('oneroof draft back release --target production');
          expect([status, /\[(DRAFT_IMPOSSIBLE)\]/.exec(stderr)?.[1]], stderr).toEqual([3, 'DRAFT_IMPOSSIBLE']);
          return stderr;
        };
        const nothing = await impossible();
        expect(nothing).toContain('no part of small is rolled out on production');
        expect(nothing).toContain('oneroof draft back release --target NAME');
        // one of two statements of a tier that commits each: neither file fits that state
        await halfWay(place);
        const midst = await impossible();
        expect(midst).toContain('tier 1-rows of small is half way on production');
        // both ways on that it names work as they stand there
        const [, rollback = '', rollout = ''] =
          /(oneroof rollback [^\n]*?), or (oneroof rollout [^\n]*)/.exec(midst) ?? [];
        const forward = await type(rollout);
        expect(forward.stdout + forward.stderr).toContain('data-gate');
        expect(await rowsOf(database)).toBe('1,2,3');

        // half way between two tiers, where data hold the second one
        const drafted = await type('oneroof draft back release --target production --out between');
        expect(drafted.status, drafted.stderr).toBe(0);
        expect(tiersOf(place, 'between')).toEqual(['1-back-rows']);
        await follow(place, 'between');
        expect(await rowsOf(database)).toBe('1');
        expect(rollback).toBe('oneroof rollback release --target production');
      }),
    ),
);

it('names a rollback out of the midst of a tier that works', { timeout: 400_000 }, () =>
  withDatabase('18', (database) =>
    withPlace('18', { database }, async (place) => {
      await halfWay(place);
      const { stderr } = await place.type('oneroof draft back release');
      const [rollback = ''] = /oneroof rollback [^\n]*?(?=, or )/.exec(stderr) ?? [];
      const back = await place.type(rollback);
      expect(back.status, `${rollback}\n${back.stdout}${back.stderr}`).toBe(0);
      expect(await rowsOf(database)).toBe('1');
    }),
  ),
);

const oneWay: Readonly<Record<string, string>> = {
  ...small,
  'release.yaml': small['release.yaml']!.replace(
    '  - { id: 2-table, title: Table }\n  - { id: 3-barred, title: Barred, barred: not yet }\n',
    "  - { id: 2-table, title: Table, oneWay: 'users write into it' }\n  - { id: 3-index, title: Index }\n",
  ),
  'tiers/3-index/up.sql': 'create index n_i on n (i);\n',
  'tiers/3-index/down.sql': 'drop index n_i;\n',
};

it('drafts back what is above a one-way tier, and nothing where that is the last one', { timeout: 400_000 }, () => {
  const {
    'tiers/2-table/down.sql': _,
    'tiers/3-barred/up.sql': _up,
    'tiers/3-barred/down.sql': _down,
    ...files
  } = oneWay;
  return withDatabase('18', (database) =>
    withPlace('18', { database, release: files }, async (place) => {
      const { type } = place;
      await runSql(database, ['insert into public.readiness values (1)']);
      const rolled = await type('oneroof rollout release --through 2-table');
      expect(rolled.status, `${rolled.stdout}${rolled.stderr}`).toBe(0);
      const refused = await type('oneroof draft back release');
      expect(refused.stderr).toMatch(/tier 2-table of small is one-way: it has no down\.sql \[DRAFT_IMPOSSIBLE\]/);
      // the rollback of the release is closed too
      expect((await type('oneroof rollback release --dry-run')).stdout).toContain('one-way');
      const whole = await type('oneroof rollout release');
      expect(whole.status, `${whole.stdout}${whole.stderr}`).toBe(0);
      const drafted = await type('oneroof draft back release --out above');
      expect(drafted.status, drafted.stderr).toBe(0);
      expect(tiersOf(place, 'above')).toEqual(['1-back-index']);
      await follow(place, 'above');
      const indexes = await type('oneroof verify release --json');
      expect(JSON.parse(indexes.stdout)).toMatchObject({ metrics: { tables: 1, rows: 3 } });
    }),
  );
});
