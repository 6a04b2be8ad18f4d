import { describe, expect, it } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { type Execution, type RolloutEvent } from '../../src/rollout/index.ts';
import { newest, versions } from '../database.io.ts';
import { application, filled, left, none, requireKnown, whole, withBackfill } from './batches.io.ts';
import { run } from './standing.io.ts';
import { type Moment, wireTo } from './wire.io.ts';

const directions = ['up', 'down'] as const;

const time = { timeout: 240_000 };

describe.each(versions)('batches on PostgreSQL %s', (version) => {
  it('run a step once for each batch of keys, each in a transaction of its own, forward and back', time, () =>
    withBackfill(version, async (ground) => {
      const statement = await ground.submit();
      const events: RolloutEvent[] = [];
      const lines: string[] = [];
      const watch = {
        onProgress: (event: RolloutEvent) => void events.push(event),
        record: async ({ phase, tier, steps }: Execution) => void lines.push(`${tier} ${steps[1]} ${phase}`),
      };
      const done = { result: 'done', tiers: ['1-default', '2-fill'] };
      expect(await run(ground, statement, 'up', watch)).toMatchObject(done);
      expect(await left(ground)).toEqual(whole);
      expect(events.filter(({ at }) => at === 'batch')).toHaveLength(2 * (filled.batches - 1));
      const halfWay = events.find(({ at, batched }) => at === 'batch' && batched?.batches === 5)?.batched;
      expect(halfWay).toMatchObject({ keys: 250, expected: filled.rows });
      expect(halfWay?.leftMs).toBeGreaterThan(0);
      // the log has each step once, however many batches it had, and the leaving
      const told = (step: string): readonly string[] => [`${step} intent`, `${step} applied`];
      expect(lines).toEqual(['1-default 1', '2-fill 1', '2-fill 2', '2-fill 0'].flatMap(told));
      const [made] = await ground.session.query<{ transactions: string }>(
        sql`select count(distinct xmin::text) as transactions from public.copies`,
      );
      expect(Number(made?.transactions)).toBe(filled.batches);
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'nothing-to-do' });
      expect(await run(ground, statement, 'down')).toMatchObject({ result: 'done' });
      expect(await left(ground)).toEqual(none);
    }),
  );

  it('are rolled back from their half, by the same down, which may be stopped half way too', time, () =>
    withBackfill(version, async (ground) => {
      const statement = await ground.submit();
      for (const direction of directions) {
        const stop = new AbortController();
        const lines: Execution[] = [];
        const error: unknown = await run(ground, statement, direction, {
          signal: stop.signal,
          record: async (line) => void lines.push(line),
          onProgress: ({ at, batched }) => {
            if (at === 'batch' && batched?.batches === 4) stop.abort();
          },
        }).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'INTERRUPTED' });
        expect(lines.at(-1)).toMatchObject({ phase: 'not-applied', steps: direction === 'up' ? [1, 1] : [2, 2] });
        await requireKnown(ground, statement, direction);
        const [row] = await ground.session.query<{ next: string }>(
          sql`select next_down as next from gate.status() where statement = ${statement}`,
        );
        // before its first step is whole, a tier has something to take back
        expect(row?.next).toBe('2-fill');
      }
      expect(await run(ground, statement, 'up')).toMatchObject({
        result: 'held',
        reasons: [{ code: 'way-back-begun' }],
      });
      expect(await run(ground, statement, 'down')).toMatchObject({ result: 'done', tiers: ['2-fill', '1-default'] });
      expect(await left(ground)).toEqual(none);
    }),
  );

  it(
    'end with the rows that were there at their begin; what arrives behind them is found by the check of the tier',
    time,
    () =>
      withBackfill(version, async (ground) => {
        const statement = await ground.submit();
        const few = 10;
        let rows = 0;
        // new rows ahead of each batch, and behind it
        const arrive = async (status: string): Promise<void> => {
          rows += 1;
          await ground.session.run(
            `insert into public.orders (id, status) select x, ${status} from generate_series(1, ${few}) n cross join lateral (values (100000 + ${rows} * 1000 + n), (-n - ${rows} * 1000)) v(x)`,
          );
        };
        const result = await run(ground, statement, 'up', { awaitReplicas: () => arrive(`'open'`) });
        expect(result).toMatchObject({ result: 'done' });
        // the second step begins with the rows that arrived during the first one
        const calls = filled.batches - 1;
        expect(rows).toBe(calls + Math.ceil((filled.rows + 2 * few * calls) / filled.batch) - 1);
        await run(ground, statement, 'down');
        await ground.session.run('delete from public.orders where id < 0 or id > 100000');
        const again = await ground.submit();
        const late = await run(ground, again, 'up', { awaitReplicas: () => arrive('null') });
        expect(late).toMatchObject({ result: 'held', reasons: [{ code: 'gate', facts: { code: 'check' } }] });
      }),
  );

  it('leave alone what the application has changed meanwhile, and do not need the last key', time, () =>
    withBackfill(version, async (ground) => {
      const statement = await ground.submit();
      let isChanged = false;
      const change = async (): Promise<void> => {
        if (isChanged) return;
        isChanged = true;
        await ground.session.run(`update public.orders set status = 'closed' where id between 7 * 100 and 7 * 109`);
        await ground.session.run(`delete from public.orders where id in (7 * 200, 7 * ${filled.rows})`);
        // from behind the bound to before it: its own condition tells what was done
        await ground.session.run('update public.orders set id = 7 * 200 where id = 7');
      };
      expect(await run(ground, statement, 'up', { awaitReplicas: change })).toMatchObject({ result: 'done' });
      const rest = filled.rows - 2;
      expect(await left(ground)).toEqual({ open: rest - 10, least: 0, most: 1, copies: rest });
      const [row] = await ground.session.query<{ closed: string }>(
        sql`select count(*)::text as closed from public.orders where status = 'closed' and touched = 0`,
      );
      expect(row?.closed).toBe('10');
    }),
  );
});

describe.each(newest)('batches on PostgreSQL %s whose connection is cut', (version) => {
  it.each<Moment>(['before', 'sent', 'answered'])(
    'ask the database what became of a COMMIT that was cut %s, and go on',
    time,
    (moment) =>
      withBackfill(version, async (ground) => {
        const statement = await ground.submit();
        const wire = await wireTo(`${ground.connection.host}/.s.PGSQL.5432`);
        try {
          const target = { name: 'test', executor: { ...ground.connection, host: wire.host } };
          const words: Execution['phase'][] = [];
          // begin_attempt; the first tier: begin, enter, step, leave, commit; then three batches of four words
          wire.arm({ word: 1 + 5 + 11, moment, leaves: 'cut', strike: () => undefined });
          const result: unknown = await run(ground, statement, 'up', {
            target,
            record: async ({ phase }) => void words.push(phase),
          }).catch((error: unknown) => error);
          // a COMMIT that the server never heard was not applied; of the others, only the database knows
          if (moment === 'before') expect(result).toMatchObject({ code: 'CONNECTION_LOST' });
          if (moment === 'answered') expect(result).toMatchObject({ result: 'done' });
          if (!(result instanceof OneRoofError)) expect(words).not.toContain('not-applied');
          await requireKnown(ground, statement, moment);
          await run(ground, statement, 'up');
          expect(await left(ground)).toEqual(whole);
        } finally {
          await wire.close();
        }
      }),
  );

  it('knows a COMMIT of a table without rows, where no batch was', time, () =>
    withBackfill(
      version,
      async (ground) => {
        const statement = await ground.submit();
        const wire = await wireTo(`${ground.connection.host}/.s.PGSQL.5432`);
        try {
          const target = { name: 'test', executor: { ...ground.connection, host: wire.host } };
          const words: string[] = [];
          const record = async ({ phase, steps }: Execution): Promise<void> => void words.push(`${steps[1]} ${phase}`);
          wire.arm({ word: 1 + 5 + 3, moment: 'answered', leaves: 'cut', strike: () => undefined });
          expect(await run(ground, statement, 'up', { target, record })).toMatchObject({ result: 'done' });
          expect(words.slice(2, 4)).toEqual(['1 intent', '1 applied']);
        } finally {
          await wire.close();
        }
      },
      { more: application.filter((text) => !text.startsWith('insert')) },
    ),
  );
});
