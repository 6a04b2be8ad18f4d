import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count } from '../counts.ts';
import { parsePolicy, parsePolicyDocument, policyDigest, policyDocument } from '../../src/people/index.ts';
import { policyOf, policyYaml } from './people.ts';

/** Each problem of a policy as `line:column what`, after one line of the good one was replaced. */
function problemsAfter(from: string | RegExp, to: string): string[] {
  const text = policyYaml.replace(from, to);
  if (text === policyYaml) throw new Error(`nothing in the policy matches ${from}`);
  const parsed = parsePolicy({ file: 'policy.yaml', text });
  return parsed.ok
    ? []
    : parsed.problems.map(({ code, place, problem }) => `${code} ${place?.line}:${place?.column} ${problem}`);
}

describe('a policy', () => {
  it('is read with its lengths of time in milliseconds and any key where no device is named', () => {
    expect(policyOf()).toEqual({
      format: 1,
      name: 'production',
      production: true,
      origin: 'https://gate.example.org',
      rpId: 'gate.example.org',
      seats: [
        { level: 2, device: 'any' },
        { level: 4, device: 'bound' },
      ],
      oneWaySeats: [{ level: 5, device: 'any' }],
      window: { longest: 86_400_000, review: 1_800_000, rollback: 604_800_000 },
      rehearsal: { maxAge: 259_200_000 },
      holdPoints: [{ before: '3-ownership', seats: [{ level: 4, device: 'any' }] }],
      quorum: [
        { level: 3, device: 'any' },
        { level: 4, device: 'bound' },
      ],
      authenticators: { aaguids: null, attestation: 'required' },
    });
  });

  it.each([
    ['no seats', /seats:\n.*\n.*\n/, 'seats: []\n', /^POLICY_INVALID 6:1 seats: expected at least one seat/],
    ['a level below 1', 'level: 2', 'level: 0', /6?7:5 seats\.0\.level/],
    ['a level above 9', 'level: 2', 'level: 10', /7:5 seats\.0\.level/],
    ['a level that is no whole number', 'level: 2', 'level: 2.5', /7:5 seats\.0\.level/],
    ['an unknown device', 'device: bound', 'device: phone', /seats\.1\.device/],
    ['an unknown key', 'name: production', 'name: production\nforce: true', /3:1 force: this key is unknown/],
    [
      'an unknown key of a seat',
      '- level: 2',
      '- { level: 2, name: ana }',
      /7:\d+ seats\.0\.name: this key is unknown/,
    ],
    ['a review of zero', 'review: 30min', 'review: 0s', /window\.review: expected a length of time above zero/],
    ['a validity of zero', 'longest: 24h', 'longest: 0h', /window\.longest: expected a length of time above zero/],
    ['a rollback of zero', 'rollback: 7d', 'rollback: 0d', /window\.rollback: expected a length of time above zero/],
    ['rehearsals by nobody', 'maxAge: 3d', 'maxAge: 3d, by: []', /rehearsal\.by: expected at least one id/],
    [
      'rehearsals by one twice',
      'maxAge: 3d',
      'maxAge: 3d, by: [ci, ci]',
      /rehearsal\.by: expected ids that are sorted/,
    ],
    ['rehearsals by no id', 'maxAge: 3d', 'maxAge: 3d, by: [CI]', /rehearsal\.by\.0: expected an id/],
    [
      'rehearsals on a sample, perhaps',
      'maxAge: 3d',
      'maxAge: 3d, sampled: perhaps',
      /rehearsal\.sampled: Invalid input/,
    ],
    ['a rehearsal that never ages', 'maxAge: 3d', 'maxAge: 9999999d', /rehearsal\.maxAge: expected a length/],
    ['a length of time that is a number', 'longest: 24h', 'longest: 86400', /window\.longest: Invalid input/],
    ['a review longer than the validity', 'review: 30min', 'review: 25h', /window\.review: the review is longer/],
    ['http in production', 'https://', 'http://', /4:1 origin: expected https for production/],
    [
      'localhost in production',
      /origin.*\nrpId.*\n/,
      'origin: https://localhost\nrpId: localhost\n',
      /5:1 rpId: production does not allow localhost/,
    ],
    ['a site that is not of the origin', 'rpId: gate', 'rpId: door', /5:1 rpId: expected gate\.example\.org/],
    ['a site that only ends alike', 'rpId: gate.example.org', 'rpId: ate.example.org', /5:1 rpId: expected gate/],
    ['a site that is a whole top-level domain', 'rpId: gate.example.org', 'rpId: org', /5:1 rpId: expected a domain/],
    ['an origin with a path', 'origin: https://gate.example.org', 'origin: https://gate.example.org/', /4:1 origin/],
    ['an origin with its own port', 'gate.example.org\nrpId', 'gate.example.org:443\nrpId', /4:1 origin/],
    ['an origin in capitals', 'https://gate', 'https://Gate', /4:1 origin/],
    [
      'a hold point that stands twice',
      'quorum',
      '  - before: 3-ownership\n    seats: [{ level: 1 }]\nquorum',
      /16:5 holdPoints\.1\.before: the hold point before 3-ownership is duplicated/,
    ],
    ['a hold point without seats', '[{ level: 4 }]', '[]', /holdPoints\.0\.seats: expected at least one seat/],
    ['no quorum', /quorum.*\n/, '', /quorum: Invalid input/],
    [
      'the virtual authenticator in production',
      'null',
      '[01020304-0506-0708-0102-030405060708]',
      /virtual authenticator/,
    ],
    ['an empty list of authenticators', 'null', '[]', /at least one AAGUID/],
    ['a missing production', 'production: true\n', '', /production: Invalid input/],
    ['another format', 'format: 1', 'format: 2', /1:1 format/],
    ['a key that stands twice', 'format: 1', 'format: 1\nformat: 1', /^YAML_SYNTAX 2:1/],
  ])('is refused with %s', (_what, from, to, expected) => {
    const problems = problemsAfter(from, to);
    expect(problems.join('\n')).toMatch(expected);
    expect(problems).toHaveLength(1);
  });

  it('may be for localhost and http where it is not for production, and only there', () => {
    const demo = policyYaml
      .replace('production: true', 'production: false')
      .replace('https://gate.example.org', 'http://localhost:8443')
      .replace('rpId: gate.example.org', 'rpId: localhost');
    expect(policyOf(demo).origin).toBe('http://localhost:8443');
    const remote = demo.replace('http://localhost:8443', 'http://gate.example.org').replace('localhost', 'example.org');
    expect(parsePolicy({ file: 'p', text: remote }).ok).toBe(false);
    expect(parsePolicy({ file: 'p', text: demo.replace('production: false', 'production: true') }).ok).toBe(false);
  });

  it('of docs/FORMAT.md is one', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'FORMAT.md'), 'utf8');
    const [, example = ''] = /## Policy[^]*?```yaml\n([^]*?)```/.exec(page) ?? [];
    expect(policyOf(example)).toEqual(policyOf());
  });

  it('is refused with all its problems at once, also those between its parts', () => {
    const text = policyYaml
      .replace('level: 2', 'level: 12')
      .replace('https://', 'http://')
      .replace('review: 30min', 'review: 2d')
      .replace('attestation: required', 'attestation: maybe')
      .replace('format: 1', 'format: 1\nforce: true');
    const parsed = parsePolicy({ file: 'policy.yaml', text });
    const lines = parsed.ok ? [] : parsed.problems.map(({ place }) => place?.line);
    expect(lines.toSorted((a = 0, b = 0) => a - b)).toEqual([2, 5, 8, 12, 18]);
  });

  it('keeps its digest whatever its spelling, and changes it with every value', () => {
    const spelled = policyYaml.replace('24h', '1440min').replace('  - level: 2', '  - { device: any, level: 2 }');
    expect(policyDigest(policyOf(`# a comment\n${spelled}`))).toBe(policyDigest(policyOf()));
    for (const [from, to] of [
      ['level: 2', 'level: 3'],
      ['device: bound', 'device: any'],
      ['24h', '23h'],
      ['attestation: required', 'attestation: none'],
    ] as const)
      expect(policyDigest(policyOf(policyYaml.replace(from, to)))).not.toBe(policyDigest(policyOf()));
  });

  it('is read again from its canonical document, and from no other bytes', () => {
    const text = policyDocument(policyOf());
    const read = parsePolicyDocument({ file: 'policy', text });
    expect(read.ok && read.value).toEqual(policyOf());
    for (const other of [
      `${text}\n`,
      ` ${text}`,
      text.replace('86400000', '86400000.0'),
      text.replace('86400000', '0'),
    ])
      expect(parsePolicyDocument({ file: 'policy', text: other }).ok).toBe(false);
  });

  it('never takes hostile bytes for a policy, and never throws', () => {
    const damaged = fc.tuple(fc.nat(policyYaml.length - 1), fc.string({ maxLength: 4 }), fc.nat(6));
    fc.assert(
      fc.property(damaged, ([at, insert, cut]) => {
        const text = policyYaml.slice(0, at) + insert + policyYaml.slice(at + cut);
        const parsed = parsePolicy({ file: 'p', text });
        if (parsed.ok) expect(parsePolicyDocument({ file: 'p', text: policyDocument(parsed.value) }).ok).toBe(true);
        else expect(parsed.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: count('damagedTexts') },
    );
  });
});
