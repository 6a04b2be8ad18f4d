import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { sealDocument } from '../../src/release/index.ts';
import { versions, withSession } from '../database.io.ts';
import { type Gated, withGate } from './cycle.io.ts';
import { text } from './hostile.io.ts';

/** A sealed document that nobody signed, with so many bytes of a summary. */
const documentOf = (gated: Gated, number: number, octets = 0): string =>
  canonicalJson({
    ...sealDocument(gated.sealed.release),
    summary: `${number}${'x'.repeat(octets)}`,
    metrics: [],
    tiers: [],
  });

const submit = (gated: Gated, documents: readonly string[]): Promise<void> =>
  gated.as('oneroof_relay', async (session) => {
    for (const one of documents) await session.run(`select gate.submit_release(${text(one)}, '{}')`);
  });

const kept = (gated: Gated): Promise<{ bodies: string; octets: string; seen: string; signed: string }> =>
  withSession(gated.database, async (session) => {
    const [row] = await session.query<{ bodies: string; octets: string; seen: string; signed: string }>(sql`
      select count(*)::text as bodies, sum(octet_length(body))::text as octets, (select count(*)::text from gate.first_seen) as seen,
        (count(*) filter (where seal in (select subject from gate.statements)))::text as signed from gate.releases`);
    return row ?? { bodies: '', octets: '', seen: '', signed: '' };
  });

describe.each(versions)('a relay that hands in documents without end, on PostgreSQL %s', (version) => {
  const unbounded = (installed: string): string => {
    expect(installed).toContain('perform gate.bound_releases(seal);');
    return installed.replace('perform gate.bound_releases(seal);', '');
  };
  const flood = async (gated: Gated): Promise<Awaited<ReturnType<typeof kept>>> => {
    await gated.ratify(await gated.ratification(), [gated.people.ana]);
    await submit(
      gated,
      Array.from({ length: 40 }, (_, number) => documentOf(gated, number)),
    );
    return kept(gated);
  };
  it('keeps some of them, all that people signed, and when each was first received', async () => {
    expect(await withGate(version, {}, flood)).toMatchObject({ bodies: '33', seen: '41', signed: '1' });
    expect(await withGate(version, { change: unbounded }, flood)).toMatchObject({ bodies: '41' });
  });

  it('keeps some bytes of them', { timeout: 120_000 }, () =>
    withGate(version, {}, async (gated) => {
      const eight = 8 * 1024 * 1024;
      await submit(
        gated,
        Array.from({ length: 10 }, (_, number) => documentOf(gated, number, eight)),
      );
      const { octets, bodies } = await kept(gated);
      expect(Number(octets)).toBeLessThanOrEqual(64 * 1024 * 1024);
      expect(Number(bodies)).toBeLessThan(10);
    }),
  );

  it('a body that went is first seen when it was', () =>
    withGate(version, {}, async (gated) => {
      const first = documentOf(gated, 0);
      await submit(gated, [first]);
      const seen = (): Promise<unknown> =>
        withSession(gated.database, (session) =>
          session.query(sql`select received_at::text from gate.first_seen order by received_at limit 1`),
        );
      const before = await seen();
      await submit(
        gated,
        Array.from({ length: 40 }, (_, number) => documentOf(gated, number + 1)),
      );
      await submit(gated, [first]);
      expect(await seen()).toEqual(before);
    }));

  it('takes no query that the release does not ask', () =>
    withGate(version, {}, async (gated) => {
      const one = documentOf(gated, 0);
      const [row] = await withSession(gated.database, (session) =>
        session.query<{ digest: string }>(sql`select gate.step_digest('select 1') as digest`),
      );
      const queries = text(JSON.stringify({ [row?.digest ?? '']: 'select 1' }));
      await expect(
        gated.as('oneroof_relay', (session) => session.run(`select gate.submit_release(${text(one)}, ${queries})`)),
      ).rejects.toThrow('gate: queries');
    }));
});
