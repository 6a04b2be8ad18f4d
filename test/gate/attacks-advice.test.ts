import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { statementDigest, statementHash } from '../../src/evidence/index.ts';
import { submitRelease, submitSignature } from '../../src/gate/index.ts';
import { type Signature } from '../../src/people/index.ts';
import { newest } from '../database.io.ts';
import { assertion, type Gated, withGate } from './cycle.io.ts';

const why = async (gated: Gated, statement: string): Promise<string> => {
  const [row] = await gated.as('oneroof_observer', (session) =>
    session.query<{ why: string | null }>(sql`select gate.why_closed(${statement}, 'up') as why`),
  );
  return row?.why?.split(':')[0] ?? 'open';
};

describe.each(newest)('advice in the gate, on PostgreSQL %s', (version) => {
  it('takes no review for a signature, whoever signs it and with what', { timeout: 120_000 }, () =>
    withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const body = await gated.ratification();
      const statement = await gated.ratify(body, [ana]);
      expect(await why(gated, statement)).toBe('seats');
      const handIn = (text: string, signature: Signature): Promise<string> =>
        gated.as('oneroof_relay', async (relay) => {
          await submitRelease(relay, gated.sealed);
          return submitSignature(relay, text, signature).then(
            () => 'taken',
            (error: unknown) => (error instanceof OneRoofError ? error.code : String(error)),
          );
        });
      // a review of this release, of this ratification, signed by a person with a passkey that counts
      for (const digest of [gated.sealed.seal, statement]) {
        const review = body
          .replace('urn:oneroof:ratification:v1', 'urn:oneroof:review:v1')
          .replace(gated.sealed.seal.slice(7), digest.slice(7));
        expect(await handIn(review, assertion(ben, review))).not.toBe('taken');
        expect(statementDigest(review)).not.toBe(statement);
      }
      // the ratification itself, signed with a software key as reviews are
      const { privateKey } = generateKeyPairSync('ed25519');
      const like = assertion(ben, body);
      const software = { ...like, signature: sign(null, statementHash(body), privateKey) };
      expect(await handIn(body, software)).not.toBe('taken');
      expect(await why(gated, statement)).toBe('seats');
      // the control: the same person ratifies
      expect(await handIn(body, like)).toBe('taken');
      expect(await why(gated, statement)).toBe('open');
    }),
  );
});
