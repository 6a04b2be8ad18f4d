import { sql } from '../../src/database/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { describeGate, readTierRows, submitRelease } from '../../src/gate/index.ts';
import { type Gated, type Signer } from './cycle.io.ts';
import { sign } from './purpose.io.ts';

/** A time this many milliseconds from now. */
export const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** The bytes of an abandonment of the release as it is now; `more` changes what it says. */
export async function abandonmentOf(gated: Gated, more: object = {}): Promise<string> {
  const { facts } = await gated.as('oneroof_relay', describeGate);
  await gated.as('oneroof_relay', (session) => submitRelease(session, gated.sealed));
  const rows = await gated.as('oneroof_relay', (session) => readTierRows(session, gated.sealed.seal));
  return writeStatement({
    kind: 'abandonment',
    subject: { name: gated.sealed.release.name, digest: gated.sealed.seal },
    predicate: {
      facts,
      rows,
      reason: 'enough',
      notBefore: at(-1000),
      expires: at(3_600_000),
      nonce: 'a'.repeat(32),
      ...more,
    },
  });
}

/** Hands in what people signed, as an ending. */
export const end = (gated: Gated, kind: 'abandon' | 'adopt', body: string): Promise<void> =>
  gated.as('oneroof_relay', async (session) => {
    const statement = statementDigest(body);
    await session.query(
      kind === 'abandon' ? sql`select gate.abandon(${statement})` : sql`select gate.adopt(${statement})`,
    );
  });

/** People abandon the release as it is now. */
export async function abandon(
  gated: Gated,
  by: readonly Signer[] = [gated.people.ana, gated.people.ben],
): Promise<void> {
  const body = await abandonmentOf(gated);
  await sign(gated, body, by);
  await end(gated, 'abandon', body);
}
