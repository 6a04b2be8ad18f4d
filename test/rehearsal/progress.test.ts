import { expect, it } from 'vitest';
import { type RehearsalEvent, rehearse } from '../../src/rehearsal/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

it('a rehearsal tells the clone, its stages, and in them each statement before it runs', async () => {
  await withHost(['create table t (id integer)'], async ({ host }) => {
    const told: string[] = [];
    const release = sealed([
      tier('1-x', { up: ['insert into t values (1)', 'insert into t values (2)'], down: ['delete from t'] }),
    ]);
    const onProgress = (event: RehearsalEvent): void => {
      told.push(
        event.state === 'step'
          ? `${event.tier} ${event.direction} ${event.n}/${event.of} ${event.title}`
          : `${event.stage} ${event.state}`,
      );
    };
    expect((await rehearse({ release, host, owner: 'test', onProgress })).outcome).toBe('passed');
    const up = ['1-x up 1/2 insert into', '1-x up 2/2 insert into'];
    const down = ['1-x down 1/1 delete from'];
    const around = (stage: string, steps: readonly string[]) => [`${stage} started`, ...steps, `${stage} passed`];
    expect(told).toEqual([
      ...around('clone', []),
      ...around('preflight', []),
      ...around('forward', up),
      ...around('verify', []),
      ...around('twin', []),
      ...around('back', down),
      ...around('prove', []),
      ...around('forward-again', up),
      ...around('verify-again', []),
    ]);
  });
});
