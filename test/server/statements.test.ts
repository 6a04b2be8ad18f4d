import { expect, it } from 'vitest';
import { openStore } from '../../src/cli/work.io.ts';
import { sql } from '../../src/database/index.ts';
import { shortCode, type StatementDigest, writeStatement } from '../../src/evidence/index.ts';
import { withSession } from '../database.io.ts';
import { assertion, type Signer } from '../gate/cycle.io.ts';
import { type Stage, withStage } from './live.io.ts';

type Answer = Readonly<Record<string, unknown>>;

/** The site, as a browser that was let in speaks with it. */
function visitor({ origin, token }: Stage) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', origin };
  const post = async (path: string, body: object, more: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const answer = await fetch(origin + path, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Answer;
  };
  const read = async (path: string): Promise<string> =>
    (await (await fetch(origin + path, { headers })).text()).replace(/&#(\d+);/g, (_, number: string) =>
      String.fromCharCode(Number(number)),
    );
  return { post, read };
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** What a passkey of somebody answers to a prompt over a statement. */
function signedBy(by: Signer, body: string, { origin }: Stage, ceremony: unknown): object {
  const made = assertion(by, body, { origin, rpId: 'localhost' });
  return {
    ceremony,
    credential: made.credential,
    authenticatorData: encode(made.authenticatorData),
    clientDataJSON: encode(made.clientDataJSON),
    signature: encode(made.signature),
  };
}

it(
  'asks, takes two signatures, is declined and revoked: each once, by whom it may be, and recorded',
  { timeout: 180_000 },
  () =>
    withStage(async (stage) => {
      const { gated } = stage;
      const { ana, ben, ira } = gated.people;
      const { post, read } = visitor(stage);
      for (const words of [['seal'], ['rehearse', '--golden'], ['gate']] as const) {
        const [verb, ...more] = words;
        const { code, told } = await stage.start(verb, ...more).ended;
        expect(code, told).toBe(0);
      }
      const { seal } = gated.sealed;
      const target = `/releases/${encodeURIComponent(seal)}/targets/production`;
      expect(await read(target)).toContain('Nobody was asked yet');
      const asked = await post(`${target}/propose`, { hours: '2' });
      expect(asked).toMatchObject({ ok: true });
      const page = String(asked['to']);
      const statement = decodeURIComponent(page.split('/')[2] ?? '') as StatementDigest;
      // whoever asks again is led to the same statement, so that all sign the same bytes
      expect(await post(`${target}/propose`, { hours: '' })).toEqual(asked);
      const shown = await read(page);
      const body = /\{"_type":"https:\/\/in-toto.io\/Statement\/v1".*?"subject":\[.*?\]\}/s.exec(shown)?.[0] ?? '';
      expect(shown).toContain('NOT FOR PRODUCTION');
      expect(shown).toContain('0 of 2 seats');
      const code = shortCode(statement);
      const ratify = async (
        by: Signer,
        of: { readonly body?: string; readonly site?: Stage } = {},
      ): Promise<Answer> => {
        const begun = await post(`${page}/ratify/begin`, { code });
        expect(begun).toMatchObject({ ok: true, rpId: 'localhost' });
        return post(`${page}/ratify/finish`, {
          signed: signedBy(by, of.body ?? body, of.site ?? stage, begun['ceremony']),
        });
      };
      expect(await post(`${page}/ratify/begin`, { code: '000000' })).toMatchObject({ ok: false, code: 'short-code' });
      expect(await post(`${page}/ratify/finish`, { signed: signedBy(ana, body, stage, 'f'.repeat(32)) })).toMatchObject(
        { code: 'ceremony' },
      );
      expect(await ratify(ira)).toMatchObject({ ok: false, code: 'author' });
      expect(await ratify(ana, { site: { ...stage, origin: 'http://localhost:1' } })).toMatchObject({
        ok: false,
        code: 'origin',
      });
      const other = writeStatement({
        kind: 'ratification',
        subject: { name: 'x', digest: 'a'.repeat(64) },
        predicate: {},
      });
      expect(await ratify(ana, { body: other })).toMatchObject({ ok: false, code: 'challenge' });
      expect(await ratify(ana)).toMatchObject({ ok: true, complete: false });
      expect(await ratify(ana)).toMatchObject({ ok: false, code: 'duplicate' });
      expect(await read(page)).toMatch(/waits for signatures.*1 of 2 seats/s);
      const close = async (act: 'decline' | 'revoke', by: Signer, reason: string): Promise<Answer> => {
        const begun = await post(`${page}/${act}/begin`, { code, reason });
        expect(begun).toMatchObject({ ok: true });
        const nonce = String(begun['nonce']);
        const { name } = gated.sealed.release;
        const made =
          act === 'decline'
            ? writeStatement({
                kind: 'decline',
                subject: { name, digest: seal },
                predicate: { decision: 'decline', reason, statement, nonce },
              })
            : writeStatement({
                kind: 'revocation',
                subject: { name, digest: statement },
                predicate: { reason, nonce },
              });
        const signed = signedBy(by, made, stage, begun['ceremony']);
        // another reason than the one that was signed is another statement
        expect(await post(`${page}/${act}/finish`, { reason: 'another', nonce, signed })).toMatchObject({
          ok: false,
        });
        return post(`${page}/${act}/finish`, { reason, nonce, signed });
      };
      expect(await post(`${page}/decline/begin`, { code, reason: ' ' })).toMatchObject({ ok: false, code: 'reason' });
      expect(await post(`${page}/decline/begin`, { code: '', reason: 'x' })).toMatchObject({ code: 'short-code' });
      expect(await close('decline', ben, 'not <b>asked</b>')).toMatchObject({ ok: true });
      expect(await read(page)).toMatch(/declined.*not <b>asked<\/b>/s);
      expect(await ratify(ben)).toMatchObject({ ok: true, complete: true });
      expect(await read(page)).toContain('Every seat is filled');
      expect(await read(target)).toContain('OPEN');
      expect(await close('revoke', ana, 'stop')).toMatchObject({ ok: true });
      expect(await read(page)).toContain('revoked');
      const kinds = (await openStore(stage.setup).entries())
        .map(({ kind }) => kind)
        .filter((kind) => /dossier|proposal|ratification|decline|revocation/.test(kind));
      expect(kinds).toEqual(['dossier', 'proposal', 'ratification', 'decline', 'ratification', 'revocation']);
      await withSession(gated.database, async (session) => {
        const [row] = await session.query<{ n: string }>(sql`select count(*)::text as n from gate.signatures`);
        expect(row?.n).toBe('4');
      });
      expect((await read('/statements/sha256%3A00')).includes('there is no such statement')).toBe(true);
    }),
);
