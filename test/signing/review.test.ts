import { describe, expect, it } from 'vitest';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { shortCode, statementDigest, statementHash } from '../../src/evidence/index.ts';
import { reviewTime, signingActions } from '../../src/signing/index.ts';
import { assertion, policyOf, registryOf, signer } from '../gate/cycle.io.ts';

const at = (time: string): Instant => `2026-06-03T${time}Z` as Instant;
const hours = (n: number): Milliseconds => (n * 3_600_000) as Milliseconds;
const policy = policyOf({ window: { longest: hours(24), review: hours(2), rollback: hours(1) } });
const time = (firstSeen: Instant | null, now: Instant, sealedAt = at('07:00:00.000')): ReturnType<typeof reviewTime> =>
  reviewTime({ received: { firstSeen, now }, sealedAt, policy });

describe('the time for review, as people are told', () => {
  it('counts from when the database received the release, by its clock', () => {
    const { from, text } = time(at('12:04:59.001'), at('12:05:00.000'));
    expect(from).toBe(at('14:04:59.001'));
    expect(text).toBe(
      'signatures count from 2026-06-03 14:05:00 UTC: the policy requires 2 h 0 min of review since the database received the release',
    );
  });

  it('counts from the seal where that was recorded later', () => {
    expect(time(at('08:00:00.000'), at('12:00:00.000'), at('09:00:00.000')).from).toBe(at('11:00:00.000'));
  });

  it('runs until a millisecond after it, because the database keeps parts of one', () => {
    const stateAt = (now: Instant): string => time(at('08:00:00.000'), now).state;
    expect([stateAt(at('09:59:59.999')), stateAt(at('10:00:00.000')), stateAt(at('10:00:00.001'))]).toEqual([
      'runs',
      'runs',
      'ended',
    ]);
  });

  it('has not begun where the database does not have the release, or says no time', () => {
    expect(time(null, at('12:00:00.000'))).toMatchObject({ from: null, state: 'runs' });
    expect(time(at('08:00:00.000'), '' as Instant).state).toBe('runs');
  });
});

describe('a page for signing', () => {
  const ana = signer('ana', 4);
  const body = '{"a":"statement"}';
  const taken = async (early: { readonly text: string | null } | null): Promise<readonly unknown[]> => {
    const said: unknown[] = [];
    const shown = { text: early?.text ?? null };
    const actions = signingActions({
      body,
      policy,
      registry: registryOf([ana]),
      barred: [],
      ...(early === null
        ? {}
        : { held: async () => (shown.text === null ? null : { code: 'review', text: shown.text }) }),
      submit: async () => ({ complete: true, signed: ['ana'], missing: [] }),
    });
    const begin = () => actions.begin({ code: shortCode(statementDigest(body)) });
    const begun = await begin();
    said.push(begun.ok);
    shown.text = 'signatures count from noon';
    said.push((await begin()).ok);
    const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const made = assertion(ana, body, { challenge: statementHash(body), origin: policy.origin, rpId: policy.rpId });
    const done = await actions.finish({
      ceremony: String(Reflect.get(begun, 'ceremony')),
      credential: made.credential,
      authenticatorData: encode(made.authenticatorData),
      clientDataJSON: encode(made.clientDataJSON),
      signature: encode(made.signature),
    });
    said.push(done.ok ? done.ok : done.code);
    return said;
  };

  it('asks for no passkey and takes no signature before signatures count', async () => {
    expect(await taken({ text: null })).toEqual([true, false, 'review']);
    // a ceremony that is asked nothing takes it: the question is what refuses
    expect(await taken(null)).not.toContain('review');
  });
});
