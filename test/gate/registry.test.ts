import { describe, expect, it } from 'vitest';
import {
  checkAgainst,
  follows,
  parseRegistry,
  type Policy,
  type Registry,
  registryDigest,
  registryDocument,
  virtualAuthenticator,
} from '../../src/people/index.ts';
import { authenticator, digestOf, keys, person, policyOf, policyYaml, registry } from './people.ts';

const written = JSON.stringify(registry, null, 1);

function problemsOf(edit: (draft: { -readonly [K in keyof Registry]: Registry[K] }) => void): string[] {
  const draft = structuredClone(registry);
  edit(draft);
  const parsed = parseRegistry({ file: 'registry.json', text: JSON.stringify(draft, null, 1) });
  return parsed.ok ? [] : parsed.problems.map(({ code, place, problem }) => `${code} ${place?.line} ${problem}`);
}
const withPersons = (persons: unknown) => (draft: { persons: Registry['persons'] }) => {
  draft.persons = persons as Registry['persons'];
};
const { ana, ben } = keys;
const x = '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296';
const agent = registry.software[0]!;

describe('a registry', () => {
  it('is read from JSON and from YAML alike, with one digest', () => {
    const json = parseRegistry({ file: 'r', text: written });
    const yaml = parseRegistry({ file: 'r', text: `# who there is\n${written.replace('"format": 1', 'format: 1')}` });
    expect(json.ok && json.value).toEqual(registry);
    expect(yaml.ok && registryDigest(yaml.value)).toBe(registryDigest(registry));
    expect(JSON.parse(registryDocument(registry))).toEqual(registry);
  });

  it.each<[string, Parameters<typeof problemsOf>[0], RegExp]>([
    [
      'one public key for two persons',
      withPersons([person('ana', 4, ana), person('ben', 2, { ...ana, credential: ben.credential })]),
      /persons\.1\.keys\.0\.x: this public key is duplicated: ana has it already/,
    ],
    [
      'one public key twice for one person',
      withPersons([person('ana', 4, ana, { ...ana, credential: ben.credential })]),
      /persons\.0\.keys\.1\.x: this public key is duplicated/,
    ],
    [
      'one credential for two keys',
      withPersons([person('ana', 4, ana), person('ben', 2, { ...ben, credential: ana.credential })]),
      /persons\.1\.keys\.0\.credential: this credential is duplicated/,
    ],
    [
      'one id for two persons',
      withPersons([person('ana', 4, ana), person('ana', 2, ben)]),
      /persons\.1\.id: the id is duplicated/,
    ],
    [
      'an id that is a person and software',
      (draft) => {
        draft.software = [{ ...agent, id: 'ana' }];
      },
      /software\.0\.id: the id is duplicated/,
    ],
    [
      'one key for two agents',
      (draft) => {
        draft.software = [agent, { ...agent, id: 'agent-2' }];
      },
      /software\.1\.key: this key is duplicated: agent-1 has it already/,
    ],
    [
      'persons out of order',
      withPersons([person('ben', 2, ben), person('ana', 4, ana)]),
      /persons must be sorted by id: ana/,
    ],
    [
      'a key off the curve',
      withPersons([person('ana', 4, { ...ana, y: ana.x })]),
      /keys\.0: the public key .* not a point/,
    ],
    ['a key beyond the field', withPersons([person('ana', 4, { ...ana, x: 'f'.repeat(64) })]), /not a point of P-256/],
    ['half a key', withPersons([person('ana', 4, { ...ana, x: x.slice(1) })]), /keys\.0\.x: expected 64/],
    [
      'a credential in plain base64',
      withPersons([person('a', 4, { ...ana, credential: 'a+/=' })]),
      /credential: expected/,
    ],
    [
      'a credential with unused bits set',
      withPersons([person('a', 4, { ...ana, credential: 'AB' })]),
      /credential: exp/,
    ],
    ['a level of 10', withPersons([person('ana', 10, ana)]), /persons\.0\.level/],
    [
      'a name that turns the line around',
      withPersons([{ ...person('ana', 4, ana), name: 'Ana\u202e' }]),
      /name: expected/,
    ],
    [
      'a first version with a previous one',
      (draft) => {
        draft.previous = digestOf('0');
      },
      /previous: the first version has no previous version/,
    ],
    [
      'a second version without a previous one',
      (draft) => {
        draft.version = 2;
      },
      /previous: version 2 names the digest of version 1/,
    ],
    [
      'a software key that is no Ed25519 key',
      (draft) => {
        draft.software = [{ ...agent, key: 'sk-ssh-ed25519@openssh.com AAAA' }];
      },
      /software\.0\.key: expected ssh-ed25519/,
    ],
    ...(
      [
        [[], /software\.0\.may: expected at least one/],
        [['seal', 'look'], /software\.0\.may: expected rights that are sorted/],
        [['seal', 'seal'], /software\.0\.may: expected rights that are sorted/],
        [['ratify'], /software\.0\.may/],
        ['seal', /software\.0\.may/],
        [undefined, /software\.0\.may/],
      ] as const
    ).map(([may, expected]): [string, Parameters<typeof problemsOf>[0], RegExp] => [
      `a software key that may ${JSON.stringify(may) ?? 'nothing that is said'}`,
      (draft) => {
        draft.software = [{ ...agent, may: may as never }];
      },
      expected,
    ]),
    [
      'an unknown member',
      withPersons([{ ...person('ana', 4, ana), admin: true }]),
      /persons\.0\.admin: this key is unknown/,
    ],
  ])('is refused with %s', (_what, edit, expected) => {
    const problems = problemsOf(edit);
    expect(problems.join('\n')).toMatch(expected);
    expect(problems[0]).toMatch(/^REGISTRY_INVALID [1-9]/);
    expect(problems).toHaveLength(1);
  });

  it('is refused with all its problems at once, also those between its parts', () => {
    const problems = problemsOf(
      withPersons([
        { ...person('cleo', 40, { ...ana, label: '' }), admin: true },
        person('ben', 2, { ...ana, y: 'no' }),
      ]),
    );
    expect(problems.map((problem) => problem.split(': ')[0]?.replace(/^.* /, '')).toSorted()).toEqual([
      'persons.0.admin',
      'persons.0.keys.0.label',
      'persons.0.level',
      'persons.1.id',
      'persons.1.keys.0.credential',
      'persons.1.keys.0.y',
    ]);
  });

  it('is followed only by the next version that names it', () => {
    const next: Registry = { ...registry, version: 2, previous: registryDigest(registry) };
    expect(follows(next, registry)).toBe(true);
    expect(follows({ ...next, version: 3 }, registry)).toBe(false);
    expect(follows({ ...next, previous: digestOf('another') }, registry)).toBe(false);
    expect(follows(next, { ...registry, persons: [] })).toBe(false);
  });
});

describe('a registry beside a policy', () => {
  const policy = policyOf();
  const found = (of: { policy?: Policy; persons?: Registry['persons'] }) =>
    checkAgainst(of.policy ?? policy, { ...registry, persons: of.persons ?? registry.persons }).map(
      ({ code, document, path }) => `${code} ${document} ${path.join('.')}`,
    );

  it('is accepted where its persons can fill every seat', () => {
    expect(found({})).toEqual([]);
  });

  it('is refused where nobody can fill a seat, by level, by device or by number', () => {
    const seats = (text: string) => policyOf(policyYaml.replace('- level: 2', `- ${text}`));
    expect(found({ policy: seats('level: 6') })).toEqual([
      'SEATS_UNFILLABLE policy seats',
      'SEATS_UNFILLABLE policy oneWaySeats',
    ]);
    const synced = registry.persons.map((one) => ({
      ...one,
      keys: one.keys.map((key) => ({ ...key, device: 'synced' as const })),
    }));
    expect(found({ persons: synced })).toContain('SEATS_UNFILLABLE policy seats');
    expect(found({ persons: registry.persons.filter(({ id }) => id === 'eve') })).toContain(
      'SEATS_UNFILLABLE policy seats',
    );
  });

  it('does not count persons without a key', () => {
    const without = registry.persons.map((one) => (one.level >= 4 ? { ...one, keys: [] } : one));
    expect(found({ persons: without })).toContain('SEATS_UNFILLABLE policy quorum');
  });

  it('is refused where it would lock everyone out: no quorum could sign the version after it', () => {
    const left = registry.persons.filter(({ id }) => ['ben', 'eve'].includes(id));
    expect(found({ persons: left })).toEqual(['SEATS_UNFILLABLE policy oneWaySeats', 'SEATS_UNFILLABLE policy quorum']);
  });

  it('is refused where a hold point has nobody', () => {
    const high = policyOf(policyYaml.replace('[{ level: 4 }]', '[{ level: 9 }]'));
    expect(found({ policy: high })).toEqual(['SEATS_UNFILLABLE policy holdPoints.0']);
  });

  it('is refused with a key on an authenticator that the policy does not allow', () => {
    const listed = policyOf(policyYaml.replace('null', `[${ana.aaguid}]`));
    const other = authenticator('other', { aaguid: 'ee882879-721c-4913-9775-3dfcce97072a' });
    const persons = [...registry.persons, person('fay', 1, other)];
    expect(found({ policy: listed, persons })).toEqual(['AUTHENTICATOR_REFUSED registry persons.5.keys.0.aaguid']);
  });

  it('is refused with the virtual authenticator in production, and there alone', () => {
    const persons = [...registry.persons, person('fay', 1, authenticator('fay', { aaguid: virtualAuthenticator }))];
    expect(found({ persons })).toEqual(['AUTHENTICATOR_REFUSED registry persons.5.keys.0.aaguid']);
    expect(found({ persons, policy: { ...policy, production: false } })).toEqual([]);
  });
});
