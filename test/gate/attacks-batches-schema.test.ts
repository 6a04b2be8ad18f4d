import { describe, expect, it } from 'vitest';
import { versions, withSession } from '../database.io.ts';
import { application, backfill, filled } from '../rollout/batches.io.ts';
import { type Hand, handOnBatches, refusalIn } from './batch-hand.io.ts';
import { replacing } from './purpose.io.ts';

const time = { timeout: 240_000 };

/** A trigger of the application runs what its owner leaves in a table, with the rights of the batch. */
const hooked = [
  ...application,
  'create table public.orders_todo (what text)',
  `create function public.extra() returns text language sql as $f$ select 'open' $f$`,
  `create function public.hook() returns trigger language plpgsql as $f$
    declare one text; begin for one in select what from public.orders_todo loop execute one; end loop; return new; end $f$`,
  'create trigger hook before update on public.orders for each row execute function public.hook()',
  'reset role',
  'create language mine handler plpgsql_call_handler',
  'alter language mine owner to app_owner',
  'set role app_owner',
];
/** No version of a row that is kept shows it; the objects of the footprint do. */
const unseen = `comment on language mine is 'evil'`;
/** Both tables and the function belong to the footprint; the first step of the second tier runs once. */
const files = {
  ...backfill,
  'tiers/2-fill/up.sql': `select public.extra() from public.orders_todo;\n${backfill['tiers/2-fill/up.sql']}`,
};
const replaced = `create or replace function public.extra() returns text language sql as $f$ select 'evil' $f$`;

/** Runs the first step of the tier, and hands over what comes after it. */
const after = (
  version: (typeof versions)[number],
  work: (hand: Hand) => Promise<void>,
  change?: (text: string) => string,
) =>
  handOnBatches(version, { files, more: hooked, ...(change === undefined ? {} : { change }) }, async (hand) => {
    await hand.begin();
    await hand.step(1);
    await hand.end('commit');
    await work(hand);
  });
const others = (hand: Hand, ...texts: readonly string[]): Promise<void> =>
  withSession(hand.ground.database, async (session) => {
    for (const text of texts) await session.run(text);
  });
const todo = (hand: Hand, what: string): Promise<void> =>
  others(hand, `insert into public.orders_todo values ($w$${what}$w$)`);

describe.each(versions)('the schema around a batch on PostgreSQL %s', (version) => {
  it.each([
    ['a comment', unseen],
    ['a function', replaced],
    ['a column', 'alter table public.copies add column if not exists more integer'],
    ['a trigger', 'create or replace trigger again before insert on public.copies execute function public.hook()'],
    ['a right', 'grant update on public.copies to public'],
  ])('is not changed by the batch itself: %s', time, (_, what) =>
    after(version, async (hand) => {
      await todo(hand, what);
      await hand.begin();
      expect(await refusalIn(hand, hand.batch(2))).toMatch(/^(schema|definer)$/);
      expect(await hand.touched()).toEqual([0, 0]);
    }),
  );

  it('would be changed by the batch itself, if its own changes did not count: the control', time, () =>
    after(
      version,
      async (hand) => {
        await todo(hand, unseen);
        await hand.begin();
        await hand.batch(2);
        await hand.end('commit');
        expect(await hand.touched()).toEqual([filled.batch, 1]);
      },
      replacing(['case when gate.own_changes() = 0 and gate.batch_of', 'case when gate.batch_of']),
    ),
  );

  it.each([
    ['a function', replaced],
    ['a function, and put back', replaced, replaced.replace('evil', 'open')],
    ['a column of a table that the batch has not touched', 'alter table public.copies add column more integer'],
    ['a trigger', 'create trigger again before insert on public.copies execute function public.hook()'],
  ])('is not changed by others while the batch is open: %s', time, (_, ...changes) =>
    after(version, async (hand) => {
      await hand.begin();
      await others(hand, ...changes);
      expect(await refusalIn(hand, hand.batch(2))).toBe('schema');
      // nor between its last check and COMMIT
      await hand.begin().then(
        async () => {
          await hand.batch(2);
          await others(
            hand,
            `create or replace function public.extra() returns text language sql as $f$ select 'worse' $f$`,
          );
          expect(await refusalIn(hand, hand.end('commit'))).toBe('schema');
        },
        // what stays changed does not let the tier be entered
        async (error: unknown) => expect(await refusalIn(hand, Promise.reject(error))).toBe('schema'),
      );
      expect(await hand.touched()).toEqual([0, 0]);
    }),
  );

  it('would be noticed at COMMIT alone, if a batch were not followed by a check: the control', time, () =>
    after(
      version,
      async (hand) => {
        await hand.begin();
        await others(hand, replaced);
        await hand.batch(2);
        expect(await refusalIn(hand, hand.end('commit'))).toBe('schema');
      },
      replacing([
        'if seen.versions = state.versions and seen.objects is null then seen.objects := state.objects; end if;',
        'if of_step = 2 then return; end if;',
      ]),
    ),
  );

  it.each([
    ['a column', 'alter table public.copies add column more integer'],
    ['a function', replaced],
    ['a comment', `comment on table public.copies is 'evil'`],
  ])('is not changed by others between two batches: %s', time, (_, change) =>
    after(version, async (hand) => {
      await hand.begin();
      await hand.batch(2);
      await hand.end('commit');
      await others(hand, change);
      expect(await refusalIn(hand, hand.begin())).toBe('schema');
      expect(await hand.touched()).toEqual([filled.batch, 1]);
    }),
  );

  it('is read again at the next batch, where no version of a row shows that others changed it meanwhile', time, () =>
    after(version, async (hand) => {
      await hand.begin();
      await others(hand, unseen);
      await hand.batch(2);
      await hand.end('commit');
      expect(await refusalIn(hand, hand.begin())).toBe('schema');
    }),
  );

  it('is read after each step that is no batch, also where no version shows the change', time, () =>
    handOnBatches(version, { files, more: hooked }, async (hand) => {
      await hand.begin();
      await others(hand, unseen);
      expect(await refusalIn(hand, hand.step(1))).toBe('schema');
    }),
  );

  it('would be trusted after any step, if batches were not asked for: the control', time, () =>
    handOnBatches(
      version,
      {
        files,
        more: hooked,
        change: replacing([
          ' and gate.batch_of(of_statement, of_direction, of_tier, of_step) is not null then',
          ' then',
        ]),
      },
      async (hand) => {
        await hand.begin();
        await others(hand, unseen);
        await hand.step(1);
        await hand.end('commit');
      },
    ),
  );
});
