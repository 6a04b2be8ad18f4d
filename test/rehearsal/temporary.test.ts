import { expect, it } from 'vitest';
import { rehearse } from '../../src/rehearsal/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const before = [
  'create table public.orders (id integer primary key)',
  'insert into public.orders select n from generate_series(1, 7) n',
];
const up = ['create temporary table orders on commit drop as select 1 as id', 'delete from orders'];

it('changes what a rollout changes, where a temporary table has the name of a table', { timeout: 180_000 }, () =>
  withHost(before, async ({ host }) => {
    const down = ['insert into public.orders select n from generate_series(1, 7) n'];
    const release = sealed([tier('1-copy', { up, down })]);
    const { stages } = await rehearse({ release, host, owner: 'test', keep: 'never' });
    const steps = stages.find(({ stage }) => stage === 'forward')?.steps ?? [];
    expect(steps[1]?.rowsByRelation).toMatchObject([{ relation: 'public.orders', deleted: 7 }]);
  }),
);
