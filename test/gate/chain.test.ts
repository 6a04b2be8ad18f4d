import { describe, expect, it } from 'vitest';
import { writeStatement } from '../../src/evidence/index.ts';
import {
  type Chain,
  type ChainLink,
  type Policy,
  policyDigest,
  policyDocument,
  type Registry,
  registryDigest,
  registryDocument,
  verifyChain,
} from '../../src/people/index.ts';
import { type Instant } from '../../src/core/index.ts';
import { revocation } from './case.ts';
import { type Authenticator, digestOf, keys, person, policyOf, policyYaml, registry, signed, time } from './people.ts';

const { ana, ben, cleo, dan, mallory } = keys;
const policy = policyOf();
const stricter = policyOf(policyYaml.replace('longest: 24h', 'longest: 12h'));
const nonce = 'a'.repeat(32);

const window = { notBefore: time('3T08:00'), expires: time('3T10:00') };
const accepted = { acceptedAt: time('3T09:00'), withdrawals: [] };

function registryLink(next: Registry, current: Registry, by: readonly Authenticator[]): ChainLink {
  const predicate = {
    version: next.version,
    previous: registryDigest(current),
    number: current.version,
    ...window,
    nonce,
  };
  const body = writeStatement({
    kind: 'registry',
    subject: { name: 'registry', digest: registryDigest(next) },
    predicate,
  });
  const signatures = by.map((key) => signed(body, key));
  return { kind: 'registry', document: registryDocument(next), body, signatures, ...accepted };
}

function policyLink(
  next: Policy,
  current: Policy,
  by: readonly Authenticator[],
  more: { readonly number?: number; readonly expires?: Instant } = {},
): ChainLink {
  const predicate = { previous: policyDigest(current), number: 1, ...window, ...more, nonce };
  const body = writeStatement({ kind: 'policy', subject: { name: next.name, digest: policyDigest(next) }, predicate });
  const signatures = by.map((key) => signed(body, key));
  return { kind: 'policy', document: policyDocument(next), body, signatures, ...accepted };
}

const withMallory: Registry = {
  ...registry,
  version: 2,
  previous: registryDigest(registry),
  persons: [...registry.persons, person('mallory', 9, mallory)],
};
const third: Registry = { ...registry, version: 3, previous: registryDigest(withMallory) };

function chain(...links: readonly ChainLink[]): Chain {
  return {
    root: { policy: policyDigest(policy), registry: registryDigest(registry) },
    first: { policy: policyDocument(policy), registry: registryDocument(registry) },
    links,
  };
}

/** The code and the link of a chain that does not hold; null of one that does. */
function broken(of: Chain): readonly [string, number | null] | null {
  const verdict = verifyChain(of);
  return verdict.ok ? null : [verdict.code, verdict.link];
}

describe('a chain of registries and policies', () => {
  it('holds with what was pinned alone', () => {
    expect(verifyChain(chain())).toEqual({ ok: true, policy, registry });
  });

  it('is led on by a quorum of the one before, link after link', () => {
    const links = [
      registryLink(withMallory, registry, [ana, dan]),
      policyLink(stricter, policy, [cleo, mallory]),
      registryLink(third, withMallory, [ana, cleo]),
    ];
    expect(verifyChain(chain(...links))).toEqual({ ok: true, policy: stricter, registry: third });
  });

  it.each<[string, readonly Authenticator[]]>([
    ['nobody', []],
    ['one person', [ana]],
    ['one person twice', [ana, ana]],
    ['too low a level', [ben, ana]],
    ['a person that only the next version knows', [ana, mallory]],
    ['an agent with a key of its own', [ana, { ...mallory, credential: dan.credential }]],
  ])('is not led on by %s', (_who, by) => {
    expect(broken(chain(registryLink(withMallory, registry, by)))).toEqual(['quorum', 0]);
    expect(broken(chain(policyLink(stricter, policy, by)))).toEqual(['quorum', 0]);
  });

  it('is not led on by signatures for another registry', () => {
    const good = registryLink(withMallory, registry, [ana, dan]);
    const other = { ...withMallory, persons: [...registry.persons, person('mallory', 1, mallory)] };
    const moved = { ...registryLink(other, registry, []), signatures: good.signatures };
    expect(broken(chain(moved))).toEqual(['quorum', 0]);
    expect(broken(chain({ ...good, document: registryDocument(other) }))).toEqual(['statement', 0]);
  });

  it('does not begin at another root', () => {
    const begun = chain();
    expect(broken({ ...begun, root: { ...begun.root, registry: digestOf('x') } })).toEqual(['root', null]);
    expect(broken({ ...begun, root: { ...begun.root, policy: digestOf('x') } })).toEqual(['root', null]);
    const second = { policy: begun.first.policy, registry: registryDocument(withMallory) };
    const root = { ...begun.root, registry: registryDigest(withMallory) };
    expect(broken({ root, first: second, links: [] })).toEqual(['root', null]);
    expect(broken({ ...begun, first: { ...begun.first, policy: 'no policy' } })).toEqual(['document', null]);
  });

  it('leaves no version out and goes back to none', () => {
    const skipped = { ...third, previous: registryDigest(registry) };
    expect(broken(chain(registryLink(skipped, registry, [ana, dan])))).toEqual(['previous', 0]);
    const good = registryLink(withMallory, registry, [ana, dan]);
    const again = { ...withMallory, software: [] };
    expect(broken(chain(good, registryLink(again, registry, [ana, cleo])))).toEqual(['previous', 1]);
    expect(broken(chain(policyLink(stricter, stricter, [ana, dan])))).toEqual(['previous', 0]);
  });

  it('lets no statement count twice: an older policy cannot be restored with its old signatures', () => {
    const there = policyLink(stricter, policy, [ana, dan]);
    const back = policyLink(policy, stricter, [ana, dan], { number: 2 });
    expect(broken(chain(there, back))).toBeNull();
    expect(broken(chain(there, back, there))).toEqual(['replayed', 2]);
  });

  it('does not take what was signed for the same bytes at an earlier turn', () => {
    const there = policyLink(stricter, policy, [ana, dan]);
    const back = policyLink(policy, stricter, [ana, dan], { number: 2 });
    const kept = policyLink(policyOf(policyYaml.replace('longest: 24h', 'longest: 13h')), policy, [ana, dan]);
    expect(broken(chain(kept))).toBeNull();
    expect(broken(chain(there, back, kept))).toEqual(['previous', 2]);
  });

  it('does not take what came into force outside of its time, or was valid for longer than the policy allows', () => {
    const link = policyLink(stricter, policy, [ana, dan]);
    expect(broken(chain({ ...link, acceptedAt: time('3T10:01') }))).toEqual(['expired', 0]);
    expect(broken(chain({ ...link, acceptedAt: time('3T07:59') }))).toEqual(['expired', 0]);
    expect(broken(chain(policyLink(stricter, policy, [ana, dan], { expires: time('4T08:00') })))).toBeNull();
    expect(broken(chain(policyLink(stricter, policy, [ana, dan], { expires: time('4T08:01') })))).toEqual([
      'expired',
      0,
    ]);
  });

  it('lets a signer withdraw their own signature, and nobody another one', () => {
    const link = policyLink(stricter, policy, [ana, dan]);
    const withdrawnBy = (key: Authenticator): ChainLink => ({
      ...link,
      withdrawals: [revocation(link.body as string, key)],
    });
    expect(broken(chain(withdrawnBy(ana)))).toEqual(['quorum', 0]);
    expect(broken(chain(withdrawnBy(cleo)))).toBeNull();
    expect(broken(chain(withdrawnBy(mallory)))).toBeNull();
    const ofAnother = [revocation(policyLink(policy, policy, []).body as string, ana)];
    expect(broken(chain({ ...link, withdrawals: ofAnother }))).toBeNull();
  });

  it('reads only canonical documents and statements of its kind', () => {
    const good = registryLink(withMallory, registry, [ana, dan]);
    expect(broken(chain({ ...good, document: `${good.document}\n` }))).toEqual(['document', 0]);
    expect(broken(chain({ ...good, body: '{}' }))).toEqual(['statement', 0]);
    const asPolicy = policyLink(stricter, policy, [ana, dan]);
    expect(broken(chain({ ...asPolicy, kind: 'registry' }))).toEqual(['document', 0]);
    expect(broken(chain({ ...good, body: asPolicy.body, signatures: asPolicy.signatures }))).toEqual(['statement', 0]);
  });
});
