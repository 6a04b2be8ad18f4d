import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count } from '../counts.ts';
import { canonicalJson, OneRoofError } from '../../src/core/index.ts';
import { leafHash, statementDigest } from '../../src/evidence/index.ts';
import { buildRatification, parseStatement, type RatificationRequest, targetRoot } from '../../src/people/index.ts';
import { descriptor, oneWay, proposal, revocation, tiers } from './case.ts';
import { keys, policyOf, policyYaml, time } from './people.ts';

const cycle = statementDigest('{}');

const body = buildRatification(proposal);

function problems(change: Partial<RatificationRequest>): readonly string[] {
  try {
    buildRatification({ ...proposal, ...change });
    return [];
  } catch (error) {
    if (!(error instanceof OneRoofError) || error.code !== 'STATEMENT_INVALID') throw error;
    return error.problems.map(({ problem }) => problem);
  }
}

/** What is said of bytes that are no statement. */
function refusals(bytes: string | Uint8Array): readonly string[] {
  const read = parseStatement(bytes);
  if (read.ok) return [];
  expect(read.problems.every(({ code }) => code === 'STATEMENT_INVALID')).toBe(true);
  return read.problems.map(({ problem }) => problem);
}

describe('a ratification that is built', () => {
  it('is read again with everything that was proposed, sorted', () => {
    const read = parseStatement(body);
    expect(read.ok && read.statement).toMatchObject({
      kind: 'ratification',
      subject: [{ name: 'test', digest: { sha256: String(proposal.sealed.seal).slice(7) } }],
      predicate: {
        decision: 'ratify',
        authors: ['agent-1', 'dan'],
        evidence: [{ kind: 'gate' }, { kind: 'rehearsal' }],
        registry: { version: 1 },
        targets: { size: 1, root: targetRoot([descriptor]) },
      },
    });
    expect(parseStatement(Buffer.from(body)).ok).toBe(true);
  });

  it('is the same bytes for everybody, and others with another nonce', () => {
    const turned = { ...proposal, evidence: proposal.evidence.toReversed() };
    expect(buildRatification(turned)).toBe(body);
    expect(statementDigest(buildRatification({ ...proposal, nonce: 'f'.repeat(32) }))).not.toBe(statementDigest(body));
  });

  it('names one database by its leaf, and several by the root over all', () => {
    expect(targetRoot([descriptor])).toBe(Buffer.from(leafHash(canonicalJson(descriptor))).toString('hex'));
    const other = { ...descriptor, uri: 'second' };
    expect(targetRoot([descriptor, other])).not.toBe(targetRoot([other, descriptor]));
  });

  it.each<[string, Partial<RatificationRequest>, RegExp]>([
    [
      'a window that ends before it begins',
      { window: { notBefore: time('4T08:00'), expires: time('3T08:00') } },
      /before it begins/,
    ],
    ['a window that is over', { now: time('5T08:00') }, /expired already/],
    [
      'a window longer than the policy allows',
      { window: { notBefore: time('3T08:00'), expires: time('5T08:00') } },
      /longer than 1 d/,
    ],
    ['a release that was not sealed yet', { sealedAt: time('4T08:00') }, /sealed in the future/],
    [
      'an old rehearsal',
      { rehearsedAt: '2026-05-30T09:00:00.000Z' as RatificationRequest['rehearsedAt'] },
      /older than .*, or in the future/,
    ],
    ['a rehearsal of tomorrow', { rehearsedAt: time('4T09:00') }, /older than .*, or in the future/],
    ['no rehearsal among the evidence', { evidence: [] }, /the evidence names no rehearsal/],
    ['no target', { targets: [] }, /no target is named/],
    [
      'a hold point that the policy does not have',
      { opens: { what: 'tier', tier: '2-owners', cycle } },
      /no hold point before 2-owners/,
    ],
    [
      'a policy with a hold point before a tier that is not there',
      { policy: policyOf(policyYaml.replace('before: 3-ownership', 'before: 9-end')) },
      /hold point before 9-end, but no such tier/,
    ],
    [
      'a policy with a hold point before a barred tier',
      {
        sealed: {
          ...proposal.sealed,
          release: { ...oneWay.release, tiers: tiers.map((tier) => ({ ...tier, barred: 'not now' })) },
        },
      },
      /hold point before 3-ownership, but no such tier/,
    ],
    ['a nonce that is none', { nonce: 'short' }, /predicate\.nonce: expected 32/],
  ])('is refused with %s, before anybody is asked', (_what, change, expected) => {
    expect(problems(change).join('\n')).toMatch(expected);
  });

  it('is refused with all problems at once', () => {
    expect(
      problems({ evidence: [], opens: { what: 'tier', tier: '2-owners', cycle }, sealedAt: time('4T08:00') }),
    ).toHaveLength(3);
  });
});

describe('a statement that is handed in', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /cut off/],
    ['what is no JSON', body.slice(0, 100), /cut off/],
    ['what is no object', '[]', /not one that persons sign/],
    ['too many bytes', `${' '.repeat(1_048_577)}`, /1048577 bytes/],
    ['what is no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]), /cut off/],
    ['white space', `${body} `, /not canonical/],
    ['a member twice', body.replace('"authors"', '"authors":[],"authors"'), /not canonical/],
    ['an escape that is not needed', body.replace('"test"', '"\\u0074est"'), /not canonical/],
    ['another kind', body.replace('ratification:v1', 'release:v1'), /not one that persons sign/],
    ['a kind that every object has', body.replace('ratification:v1', 'constructor:v1'), /not one that persons sign/],
    ['another type', body.replace('Statement/v1', 'Statement/v2'), /_type/],
    ['two subjects', body.replace('"subject":[', '"subject":[{"digest":{"sha256":"a"},"name":"b"},'), /subject/],
    ['a digest in capitals', body.replace(/("root":")[0-9a-f]{64}/, `$1${'A'.repeat(64)}`), /root: expected 64/],
    ['a day that is none', body.replace('2026-06-04T08', '2026-06-31T08'), /expires: expected a time/],
    ['a time of another form', body.replace('08:00:00.000Z', '08:00:00Z'), /expected a time such as/],
    ['times in the wrong order', body.replace('2026-06-04T08', '2026-06-01T08'), /expires: expected a time after/],
    ['a number that is text', body.replace('"size":1', '"size":"1"'), /targets\.size/],
    ['a number with a fraction', body.replace('"size":1', '"size":1.5'), /targets\.size/],
    ['a tree of nothing', body.replace('"size":1', '"size":0'), /targets\.size/],
    [
      'authors out of order',
      body.replace('"agent-1","dan"', '"dan","agent-1"'),
      /authors: expected names that are sorted/,
    ],
    ['an author twice', body.replace('"agent-1","dan"', '"dan","dan"'), /authors: expected names that are sorted/],
    ['a character that cannot be stored', body.replace('"dan"', '"\\u0000"'), /characters that can be stored/],
    [
      'an unknown member',
      body.replace('"decision"', '"bypass":1,"decision"'),
      /predicate\.bypass: this member is unknown/,
    ],
  ])('is refused with %s', (_what, bytes, expected) => {
    expect(refusals(bytes).join('\n')).toMatch(expected);
  });

  it('is refused with all that is wrong at once', () => {
    const bytes = body
      .replace('"ratify"', '"wave"')
      .replace('"nonce":"00', '"nonce":"')
      .replace('{"_type"', '{ "_type"');
    expect(refusals(bytes)).toHaveLength(3);
  });

  it('shows hostile text without letting it act', () => {
    const said = refusals('{"predicateType":"\\u001b[2J\\u202e"}').join('\n');
    expect(said).toContain('\\u{1b}');
    expect(said).not.toMatch(/[\u001b\u202e]/);
  });

  it('may be a revocation, and is known as one', () => {
    const read = parseStatement(revocation(body, keys.dan).body);
    expect(read.ok && read.statement.kind).toBe('revocation');
  });

  it('is never read from damaged bytes as something of the same name, and nothing is thrown', () => {
    const bytes = Buffer.from(body);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const read = parseStatement(damaged);
        if (read.ok) expect(statementDigest(read.body)).not.toBe(statementDigest(body));
      }),
      { numRuns: count('damagedTexts') },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => !parseStatement(noise).ok));
    expect(refusals('['.repeat(1_000_000))).not.toEqual([]);
    expect(refusals(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).not.toEqual([]);
  });
});
