import { describe, expect, it } from 'vitest';
import { literal, sql } from '../../src/database/index.ts';
import { versions, withSession } from '../database.io.ts';
import { application, backfill, filled } from '../rollout/batches.io.ts';
import { type Hand, handOnBatches, refusalIn } from './batch-hand.io.ts';
import { replacing } from './purpose.io.ts';

const time = { timeout: 240_000 };

/** The application's owner has a trigger that runs when no step does, and a function for whoever takes part in it; both run what the owner leaves. */
const prepared = [
  ...application,
  `create function public.deferred() returns trigger language plpgsql as $f$
    declare one text; begin for one in select c.status from public.copies c where c.id = 0 loop execute one; end loop; return null; end $f$`,
  `create constraint trigger waits after update on public.orders deferrable initially deferred
    for each row when (new.id = 7) execute function public.deferred()`,
  `create function public.as_owner(what text) returns void language plpgsql security definer as $f$ begin execute what; end $f$`,
];
/** All keys are in the first batch, so that the second step is next. */
const files = {
  ...backfill,
  'release.yaml': (backfill['release.yaml'] ?? '').replace(`rows: ${filled.batch}`, 'rows: 1000'),
};

/** SQL that says that a step has run, and runs nothing. */
const forged = (
  { statement, texts }: Pick<Hand, 'statement' | 'texts'>,
  n: number,
  claim: 'claim_step' | 'claim_batch',
): string => `do $do$ declare claimed record; begin
    claimed := gate.${claim}(${literal(statement).text}, 'up', '2-fill', ${n}, ${literal(texts[n - 1] ?? '').text});
    perform gate.${claim === 'claim_step' ? 'finish_step(claimed.secret)' : 'finish_batch(claimed.secret, null, null, 0)'};
  end $do$`;

const copied = async ({ ground }: Hand): Promise<number> => {
  const [row] = await ground.session.query<{ n: string }>(
    sql`select count(*)::text as n from public.copies where id > 0`,
  );
  return Number(row?.n);
};

/** Runs the first step, whose trigger says of the second one that it has run. */
const byTrigger = async (hand: Hand, what: string): Promise<void> => {
  await withSession(hand.ground.database, (session) => session.run('insert into public.copies values (0, $1)', [what]));
  await hand.begin();
  await hand.batch(1);
};

describe.each(versions)('steps that the owner of the application claims on PostgreSQL %s', (version) => {
  it.each(['claim_step', 'claim_batch'] as const)(
    'are not recorded as done by a trigger that waits for the end of a step: %s',
    time,
    (claim) =>
      handOnBatches(version, { files, more: prepared }, async (hand) => {
        expect(await refusalIn(hand, byTrigger(hand, forged(hand, 2, claim)))).toContain('permission denied');
      }),
  );

  it.each(['claim_step', 'claim_batch'] as const)(
    'are not recorded as done by a function that the executor calls: %s',
    time,
    (claim) =>
      handOnBatches(version, { files, more: prepared }, async (hand) => {
        await hand.begin();
        const call = hand.session.run('select public.as_owner($1)', [forged(hand, 1, claim)]);
        expect(await refusalIn(hand, call)).toContain('permission denied');
      }),
  );

  it('would be, if that owner could claim and finish them: the control', time, () =>
    handOnBatches(
      version,
      {
        files,
        more: prepared,
        change: replacing([
          'revoke create on schema gate from',
          `grant execute on function gate.claim_step(text, text, text, integer, text), gate.finish_step(bytea, boolean) to app_owner;
revoke create on schema gate from`,
        ]),
      },
      async (hand) => {
        await hand.begin();
        await hand.batch(1);
        await hand.session.run('select public.as_owner($1)', [forged(hand, 2, 'claim_step')]);
        await hand.leave();
        await hand.end('commit');
        expect(await copied(hand)).toBe(0);
      },
    ),
  );
});
