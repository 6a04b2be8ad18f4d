import { describe, expect, it } from 'vitest';
import { canonicalJson, type Instant, type Milliseconds } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { statementDigest } from '../../src/evidence/index.ts';
import { readReceived, submitRelease, submitSignature } from '../../src/gate/index.ts';
import { sealDocument } from '../../src/release/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { assertion, type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import { text } from './hostile.io.ts';
import { replacing } from './purpose.io.ts';

const hour = 3_600_000;
const ago = (ms: number): Instant => new Date(Date.now() - ms).toISOString() as Instant;

/** An hour of review. */
const reviewed = (change?: (text: string) => string): GatedPlan => ({
  policy: {
    window: {
      longest: (24 * hour) as Milliseconds,
      review: hour as Milliseconds,
      rollback: hour as Milliseconds,
    },
  },
  ...(change === undefined ? {} : { change }),
});

const handIn = (gated: Gated): Promise<void> =>
  gated.as('oneroof_relay', (relay) => submitRelease(relay, gated.sealed));

const why = async (gated: Gated, statement: string): Promise<string> => {
  const [row] = await gated.as('oneroof_observer', (session) =>
    session.query<{ why: string | null }>(sql`select gate.why_closed(${statement}, 'up') as why`),
  );
  return row?.why?.split(':')[0] ?? 'open';
};

/** Ratifies the release now; answers why it is closed. */
async function ratified(gated: Gated, sealedAt: Instant): Promise<string> {
  const { ana, ben } = gated.people;
  return why(gated, await gated.ratify(await gated.ratification({ sealedAt }), [ana, ben]));
}

/** As if the database had first received all that it knows so much earlier. */
const earlier = (gated: Gated, by: string): Promise<void> =>
  runSql(gated.database, [`update gate.first_seen set received_at = received_at - interval '${by}'`]);

/** A relay hands in so many other documents that the body of ours goes. */
async function evict(gated: Gated): Promise<void> {
  const others = Array.from({ length: 40 }, (_, number) =>
    canonicalJson({ ...sealDocument(gated.sealed.release), summary: String(number), metrics: [], tiers: [] }),
  );
  await gated.as('oneroof_relay', async (relay) => {
    for (const one of others) await relay.run(`select gate.submit_release(${text(one)}, '{}')`);
  });
  const [left] = await withSession(gated.database, (session) =>
    session.query<{ n: string }>(sql`select count(*)::text as n from gate.releases where seal = ${gated.sealed.seal}`),
  );
  expect(left).toEqual({ n: '0' });
}

const withoutReceived = replacing([
  `greatest(f.received_at, (p ->> 'sealedAt')::timestamptz)`,
  `(p ->> 'sealedAt')::timestamptz`,
]);

describe.each(versions)('the time for review on PostgreSQL %s', (version) => {
  it('is not shortened by a seal that was recorded with an early time', async () => {
    const early = (gated: Gated): Promise<string> => ratified(gated, ago(30 * 24 * hour));
    expect(await withGate(version, reviewed(), early)).toBe('review');
    expect(await withGate(version, reviewed(withoutReceived), early)).toBe('open');
  });

  it('is not shortened by handing the release in long before the log tells of it', async () => {
    const hidden = async (gated: Gated): Promise<string> => {
      await handIn(gated);
      await earlier(gated, '2 days');
      return ratified(gated, ago(0));
    };
    expect(await withGate(version, reviewed(), hidden)).toBe('review');
    const blind = replacing([`greatest(f.received_at, (p ->> 'sealedAt')::timestamptz)`, 'f.received_at']);
    expect(await withGate(version, reviewed(blind), hidden)).toBe('open');
  });

  it('ends once the release was there for as long, and was sealed as long ago', () =>
    withGate(version, reviewed(), async (gated) => {
      await handIn(gated);
      await earlier(gated, '59 minutes 50 seconds');
      expect(await ratified(gated, ago(2 * hour))).toBe('review');
      await earlier(gated, '20 seconds');
      expect(await ratified(gated, ago(2 * hour))).toBe('open');
    }));

  it('neither begins again nor ends sooner where the body was deleted and handed in again', async () => {
    const again = async (gated: Gated): Promise<readonly string[]> => {
      await handIn(gated);
      await evict(gated);
      await handIn(gated);
      await handIn(gated);
      const fresh = await ratified(gated, ago(30 * 24 * hour));
      return [fresh];
    };
    expect(await withGate(version, reviewed(), again)).toEqual(['review']);
    const old = async (gated: Gated): Promise<string> => {
      await handIn(gated);
      await earlier(gated, '2 hours');
      await evict(gated);
      await handIn(gated);
      return ratified(gated, ago(2 * hour));
    };
    expect(await withGate(version, reviewed(), old)).toBe('open');
    const forgetful = replacing([
      'insert into gate.first_seen (seal) values (seal) on conflict do nothing;',
      'insert into gate.first_seen (seal) values (seal) on conflict on constraint first_seen_pkey do update set received_at = clock_timestamp();',
    ]);
    expect(await withGate(version, reviewed(forgetful), old)).toBe('review');
  });

  it('has not ended where a signature came before the release, or where nothing says when the release came', () =>
    withGate(version, reviewed(), async (gated) => {
      const { ana, ben } = gated.people;
      const body = await gated.ratification({ sealedAt: ago(2 * hour) });
      await gated.as('oneroof_relay', (relay) => submitSignature(relay, body, assertion(ana, body)));
      await gated.ratify(body, [ben]);
      expect(await why(gated, statementDigest(body))).toBe('review');
      await runSql(gated.database, ['delete from gate.first_seen']);
      expect(await why(gated, statementDigest(body))).toBe('review');
      const { firstSeen } = await gated.as('oneroof_relay', (relay) => readReceived(relay, gated.sealed.seal));
      expect(firstSeen).toBeNull();
    }));

  it('tells relay and observer since when the release is there, and nobody else', () =>
    withGate(version, reviewed(), async (gated) => {
      await handIn(gated);
      for (const role of ['oneroof_relay', 'oneroof_observer']) {
        const { firstSeen, now } = await gated.as(role, (session) => readReceived(session, gated.sealed.seal));
        expect(Math.abs(Date.parse(now) - Date.parse(firstSeen ?? ''))).toBeLessThan(60_000);
      }
      await expect(gated.as('app_owner', (session) => readReceived(session, gated.sealed.seal))).rejects.toThrow(
        'permission denied',
      );
    }));
});
