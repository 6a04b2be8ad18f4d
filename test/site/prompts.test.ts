import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { shortCode, statementDigest } from '../../src/evidence/index.ts';
import { openState } from '../../src/site/state/index.ts';
import { type Prompts, promptsInMemory, type Signed, signingActions } from '../../src/signing/index.ts';
import { withDatabase } from '../database.io.ts';
import { assertion, policyOf, registryOf, signer } from '../gate/cycle.io.ts';
import { statementOf } from '../signing/browser.io.ts';

const ana = signer('ana', 4);
const policy = policyOf();
const registry = registryOf([ana]);

/** What a page for signing does, on one server. */
function desk(prompts: Prompts, body: string) {
  const signed: Signed[] = [];
  const actions = signingActions(
    {
      body,
      policy,
      registry,
      barred: [],
      submit: async (one) => {
        signed.push(one);
        return { complete: true, signed: [one.person.id], missing: [] };
      },
    },
    prompts,
  );
  const begin = () => actions.begin({ code: shortCode(statementDigest(body)) });
  const finish = (ceremony: unknown) => {
    const { credential, ...made } = assertion(ana, body, policy);
    const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    return actions.finish({
      ceremony,
      credential,
      authenticatorData: encode(made.authenticatorData),
      clientDataJSON: encode(made.clientDataJSON),
      signature: encode(made.signature),
    });
  };
  return { signed, begin, finish };
}
const body = statementOf(policy, 'one');
const ceremonyOf = (answer: object): unknown => ('ceremony' in answer ? answer.ceremony : null);

describe('a prompt that is kept in the state', () => {
  it('is finished on another server, once, after the one that began it is gone', () =>
    withDatabase('18', async (connection) => {
      const first = await openState(connection);
      const ceremony = ceremonyOf(await desk(first, body).begin());
      await first.close();
      const second = await openState(connection);
      try {
        const there = desk(second, body);
        expect(await there.finish(ceremony)).toMatchObject({ ok: true });
        expect(await there.finish(ceremony)).toMatchObject({ ok: false, code: 'ceremony' });
        expect(there.signed).toHaveLength(1);
      } finally {
        await second.close();
      }
    }));

  it('is not valid for another statement, for a prompt that no one began, or after its time', () =>
    withDatabase('18', async (connection) => {
      const state = await openState(connection);
      try {
        const here = desk(state, body);
        const ceremony = ceremonyOf(await here.begin());
        const other = desk(state, statementOf(policy, 'two'));
        expect(await other.finish(ceremony)).toMatchObject({ ok: false, code: 'ceremony' });
        expect(await here.finish(randomBytes(16).toString('hex'))).toMatchObject({ ok: false, code: 'ceremony' });
        await state.pool.use((session) => session.query(sql`update oneroof_server.ceremonies set until = now()`));
        expect(await here.finish(ceremony)).toMatchObject({ ok: false, code: 'ceremony' });
        expect([...here.signed, ...other.signed]).toEqual([]);
      } finally {
        await state.close();
      }
    }));

  it('in memory, where one process serves one page, is lost with it: the negative control', async () => {
    const ceremony = ceremonyOf(await desk(promptsInMemory(), body).begin());
    expect(await desk(promptsInMemory(), body).finish(ceremony)).toMatchObject({ ok: false, code: 'ceremony' });
  });
});
