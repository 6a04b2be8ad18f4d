import { describe, expect, it } from 'vitest';
import { versions } from '../database.io.ts';
import { backfill, filled, left, none } from '../rollout/batches.io.ts';
import { handOnBatches, refusalIn } from './batch-hand.io.ts';

const time = { timeout: 240_000 };

describe.each(versions)('batches in the hand of a thief, on PostgreSQL %s', (version) => {
  it('are the next ones, of the ratified statement, one in each transaction; nothing else is let through', time, () =>
    handOnBatches(version, {}, async (hand) => {
      const { ground, begin, batch, step, leave, end, texts } = hand;
      const other = 'update public.orders set touched = 9 where id between $1 and $2';
      const attempts: readonly (readonly [string, string, () => Promise<unknown>])[] = [
        ['another statement', 'step', () => batch(1, other)],
        ['a later step', 'order', () => batch(2)],
        ['a step that does not exist', 'order', () => batch(3, texts[0])],
        ['the statement without bounds', 'there is no parameter $1', () => step(1)],
        ['leaving before its batches', 'order', leave],
        ['the next step before the last batch', 'order', () => batch(1).then(() => batch(2))],
        ['leaving between two batches', 'order', () => batch(1).then(leave)],
        ['two batches in one transaction', 'order', () => batch(1).then(() => batch(1))],
        [
          'two batches in one transaction, in savepoints',
          'order',
          async () => {
            await hand.session.run('savepoint a');
            await batch(1);
            await hand.session.run('release savepoint a');
            await batch(1);
          },
        ],
        [
          'a statement of its own between',
          'permission denied for table orders',
          () => batch(1).then(() => hand.session.run('update public.orders set touched = 0')),
        ],
        [
          'the bounds',
          'permission denied for table steps',
          () => hand.session.run(`update gate.steps set after = '99999'`),
        ],
        [
          'the claim of a batch',
          'permission denied',
          () => hand.session.run(`select gate.claim_batch('', '', '', 1, '')`),
        ],
        ['the end of a batch', 'permission denied', () => hand.session.run(`select gate.finish_batch('', '', '', 1)`)],
        ['the keys', 'permission denied', () => hand.session.run(`select gate.next_keys('', '', '', 1, '', '')`)],
        [
          'a run by itself',
          'permission denied',
          () => hand.session.run(`select gate.execute_batch('', '', '', '', '')`),
        ],
      ];
      for (const [name, code, attack] of attempts) {
        await begin();
        expect(await refusalIn(hand, attack()), name).toContain(code);
        expect(await left(ground), name).toEqual(none);
      }
      // outside of a tier
      expect(await refusalIn(hand, batch(1))).toBe('order');
      // and what it is for
      for (const batches of [1, 2]) {
        await begin();
        expect(await batch(1)).toMatchObject({ batches, done: false });
        await end('commit');
      }
      expect(await hand.touched()).toEqual([2 * filled.batch, 1]);
    }),
  );

  it.each([
    ['the first batch again and again', 'after := begun.after;', 'after := null;', [filled.batch, 2]],
    [
      'two batches in one transaction',
      'if begun.xid is not distinct from pg_current_xact_id() then',
      'if false then',
      [2 * filled.batch, 1],
    ],
  ] as const)('would be %s without the check: the control', time, (_, from, to, expected) =>
    handOnBatches(
      version,
      {
        // also rows that have a status, so that a second time shows
        files: {
          ...backfill,
          'tiers/2-fill/up.sql': backfill['tiers/2-fill/up.sql']?.replace(' and status is null', '') ?? '',
        },
        change: (text) => {
          expect(text).toContain(from);
          return text.replace(from, () => to);
        },
      },
      async ({ begin, batch, end, touched }) => {
        const isWithin = from.startsWith('if');
        await begin();
        await batch(1);
        if (!isWithin) {
          await end('commit');
          await begin();
        }
        await batch(1);
        await end('commit');
        expect(await touched()).toEqual(expected);
      },
    ),
  );
});
