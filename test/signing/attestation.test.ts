import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkAgainst,
  type Attestation,
  checkAttestation,
  parsePolicy,
  parsePolicyDocument,
  parseRegistry,
  type Passkey,
  type Policy,
  policyDigest,
  policyDocument,
  readPolicy,
  registryDocument,
} from '../../src/people/index.ts';
import { draftRegistry, enrolmentActions } from '../../src/signing/index.ts';
import { policyYaml } from '../gate/people.ts';
import { certify, leafOf, makePasskey, type Making, model } from '../gate/vendor.io.ts';
import { addAuthenticator, freePort, hasBrowser, launch, policyAt, serveEnrolment } from './browser.io.ts';

const vendor = certify({});
const other = certify({});
const leaf = leafOf(vendor);
const base: Policy = {
  ...policyAt(4000),
  authenticators: { aaguids: [model], attestation: 'required', roots: [vendor.der.toString('base64')] },
};
const whole: Omit<Making, 'challenge'> = { origin: base.origin, rpId: base.rpId, by: leaf };

/** Enrols as the page's script would; the key, or why not. */
async function enrol(more: Partial<Making>, policy = base): Promise<{ code: string; key: Passkey | null }> {
  const kept: Passkey[] = [];
  const { begin, finish } = enrolmentActions({
    policy,
    registry: null,
    person: { id: 'ana', name: 'Ana' },
    keep: async (key) => {
      kept.push(key);
      return 'Kept.';
    },
  });
  const begun = (await begin({})) as unknown as {
    ceremony: string;
    options: { challenge: string; attestation: string };
  };
  expect(begun.options.attestation).toBe('direct');
  const { credential, clientDataJSON, attestationObject } = makePasskey({
    ...whole,
    challenge: begun.options.challenge,
    ...more,
  });
  const answer = await finish({ ceremony: begun.ceremony, credential, clientDataJSON, attestationObject });
  return { code: answer.ok ? 'ok' : answer.code, key: kept[0] ?? null };
}

const middle = certify({ issuer: vendor, subject: { C: 'SE', O: 'Vendor', OU: 'CA', CN: 'Middle' } });
const below = leafOf(middle);
const narrow = certify({ pathLength: 0, subject: { C: 'SE', O: 'Vendor', OU: 'Roots', CN: 'Narrow' } });
const narrowMiddle = certify({ issuer: narrow, subject: { C: 'SE', O: 'Vendor', OU: 'CA', CN: 'Middle' } });
const noAuthority = leafOf(vendor, { subject: { C: 'SE', O: 'Vendor', OU: 'CA', CN: 'Not one' } });
const underNoAuthority = leafOf(noAuthority);
const old = leafOf(vendor, { from: '200101000000Z', to: '210101000000Z' });
const early = leafOf(vendor, { from: '480101000000Z' });
const flip = (at: number) => (data: Buffer) => {
  const changed = Buffer.from(data);
  changed.writeUInt8(changed.readUInt8(at) ^ 0x01, at);
  return changed;
};

describe('enrolment under a policy that requires attestation', () => {
  it('takes a key that the vendor vouches for, directly, through a middle authority, and with the root sent along', async () => {
    const { code, key } = await enrol({});
    expect(code).toBe('ok');
    expect(key).toMatchObject({ aaguid: model, device: 'bound', attestation: { object: expect.any(String) } });
    expect((await enrol({ by: below, x5c: [below.der, middle.der] })).code).toBe('ok');
    expect((await enrol({ by: leaf, x5c: [leaf.der, vendor.der] })).code).toBe('ok');
    expect((await enrol({ flags: 0x4d })).key?.device).toBe('synced');
  });

  const all: readonly (readonly [what: string, code: string, more: Partial<Making>])[] = [
    ['no attestation', 'attestation-format', { by: 'nobody' }],
    ['self attestation', 'attestation-self', { by: 'self' }],
    ['a vendor that the policy does not name', 'attestation-chain', { by: leafOf(other) }],
    ['a chain without its middle', 'attestation-chain', { by: below }],
    [
      'a leaf that signs another leaf',
      'attestation-chain',
      { by: underNoAuthority, x5c: [underNoAuthority.der, noAuthority.der] },
    ],
    ['a certificate that has expired', 'registration', { by: old }],
    ['a certificate that is not valid yet', 'registration', { by: early }],
    [
      'a certificate for another model',
      'registration',
      { by: leafOf(vendor, { aaguid: '99999999-9abc-4def-8123-456789abcdef' }) },
    ],
    ['a certificate for no model', 'attestation-aaguid', { by: leafOf(vendor, { aaguid: null }) }],
    ['a certificate of an authority', 'registration', { by: leafOf(vendor, { ca: true }) }],
    [
      'a certificate for something else',
      'registration',
      { by: leafOf(vendor, { subject: { C: 'SE', O: 'V', OU: 'Web', CN: 'x' } }) },
    ],
    ['an empty list of certificates', 'registration', { x5c: [] }],
    [
      'a model that the policy does not list',
      'aaguid',
      {
        aaguid: '99999999-9abc-4def-8123-456789abcdef',
        by: leafOf(vendor, { aaguid: '99999999-9abc-4def-8123-456789abcdef' }),
      },
    ],
    [
      'client data that was changed',
      'registration',
      { clientDataAfter: (data) => Buffer.from(data.toString().replace('}', ',"a":1}')) },
    ],
    ['authenticator data that was changed', 'registration', { authData: flip(36) }],
    ['another challenge', 'registration', { challenge: 'AAAA' }],
    ['another page', 'registration', { origin: 'http://localhost:1' }],
    ['another site', 'registration', { rpId: 'example.org' }],
    ['a page inside another page', 'registration', { clientData: { crossOrigin: true } }],
    ['a person who was not verified', 'registration', { flags: 0x41 }],
    ['nobody present', 'registration', { flags: 0x44 }],
  ];
  it.each(all)('refuses %s: %s', async (_, code, more) => {
    expect(await enrol(more)).toEqual({ code, key: null });
  });

  it('refuses what the library alone would accept: no roots at all, none, self, a foreign vendor', async () => {
    const open: Policy = { ...base, authenticators: { aaguids: [model], attestation: 'none' } };
    for (const by of ['nobody', 'self', leafOf(other)] as const) expect((await enrol({ by }, open)).code).toBe('ok');
    const rootless: Policy = { ...base, authenticators: { aaguids: null, attestation: 'required' } };
    await expect(enrol({}, rootless)).rejects.toMatchObject({ problems: [{ code: 'ATTESTATION_UNVERIFIED' }] });
  });
});

describe('an attestation in a registry', () => {
  const challenge = 'AAAA';
  const made = makePasskey({ ...whole, challenge });
  const code = (key: Passkey, policy = base): string | null => checkAttestation({ key, policy })?.code ?? null;
  const of = (more: Partial<Making>): Passkey => makePasskey({ ...whole, challenge, ...more }).key;
  const at = (time: string): Passkey => {
    const { key } = makePasskey({ ...whole, challenge, by: old });
    return { ...key, attestation: { ...key.attestation, at: time } as NonNullable<Passkey['attestation']> };
  };
  const { attestation: _none, ...bare } = made.key;

  it('counts by the documents alone, as of the time when the key was made', () => {
    expect(code(made.key)).toBeNull();
    expect(code(at('2020-06-01T00:00:00.000Z'))).toBeNull();
  });

  const all: readonly (readonly [what: string, wanted: string, key: Passkey])[] = [
    ['is absent', 'attestation-absent', bare],
    ['is none', 'attestation-format', of({ by: 'nobody' })],
    [
      'is cut off',
      'attestation-format',
      {
        ...made.key,
        attestation: { ...of({}).attestation, object: of({}).attestation?.object.slice(0, -4) } as NonNullable<
          Passkey['attestation']
        >,
      },
    ],
    ['is by the key itself', 'attestation-self', of({ by: 'self' })],
    ['is of another vendor', 'attestation-chain', of({ by: leafOf(other) })],
    ['has expired', 'attestation-expired', at('2026-06-01T00:00:00.000Z')],
    ['is not valid yet', 'attestation-expired', of({ by: early })],
    [
      'is for another model',
      'attestation-aaguid',
      of({ by: leafOf(vendor, { aaguid: '99999999-9abc-4def-8123-456789abcdef' }) }),
    ],
    ['is by an authority itself', 'attestation-certificate', of({ by: leafOf(vendor, { ca: true }) })],
    ['has an empty list of certificates', 'attestation-certificate', of({ x5c: [] })],
    [
      'is for another key',
      'attestation-key',
      { ...bare, attestation: of({}).attestation as NonNullable<Passkey['attestation']> },
    ],
    ['is of a synced key that stands there as bound', 'attestation-key', { ...of({ flags: 0x4d }), device: 'bound' }],
    ['claims another model', 'attestation-key', { ...made.key, aaguid: '99999999-9abc-4def-8123-456789abcdef' }],
    ['is of an assertion', 'attestation-client-data', of({ clientData: { type: 'webauthn.get' } })],
    ['was made in a page inside another page', 'attestation-client-data', of({ clientData: { crossOrigin: true } })],
    ['is of a person who was not verified', 'attestation-data', of({ flags: 0x41 })],
    ['is for another site', 'attestation-data', of({ rpId: 'example.org' })],
    [
      'has bytes behind the key',
      'attestation-data',
      of({ authData: (data) => Buffer.concat([data, Buffer.from([0])]) }),
    ],
    [
      'has client data that was changed',
      'attestation-signature',
      of({ clientDataAfter: (data) => Buffer.from(data.toString().replace('AAAA', 'AAAB')) }),
    ],
    ['has authenticator data that was changed', 'attestation-signature', of({ authData: flip(36) })],
  ];
  it.each(all)('does not count where it %s: %s', (_, wanted, key) => {
    expect(code(key)).toBe(wanted);
  });

  it('does not count with one bit of any byte changed, nor cut off anywhere, and nothing throws', () => {
    const object = Buffer.from(made.attestationObject, 'base64url');
    const with_ = (bytes: Buffer): string | null =>
      code({
        ...made.key,
        attestation: { ...made.key.attestation, object: bytes.toString('base64url') } as Attestation,
      });
    const taken: number[] = [];
    for (let at = 0; at < object.length; at += 1) {
      if (with_(flip(at)(object)) === null) taken.push(at);
      expect(with_(object.subarray(0, at))).not.toBeNull();
    }
    expect(taken).toEqual([]);
  });

  it('does not count under an authority that may sign no other authority', () => {
    const by = leafOf(narrowMiddle);
    const policy: Policy = {
      ...base,
      authenticators: { ...base.authenticators, roots: [narrow.der.toString('base64')] },
    };
    expect(code(of({ by, x5c: [by.der, narrowMiddle.der] }), policy)).toBe('attestation-chain');
    expect(code(of({ by: leafOf(narrow) }), policy)).toBeNull();
  });

  it('does not count under a root that had expired when the key was made', () => {
    const gone = certify({ to: '210101000000Z' });
    const policy: Policy = {
      ...base,
      authenticators: { ...base.authenticators, roots: [gone.der.toString('base64')] },
    };
    expect(code(of({ by: leafOf(gone) }), policy)).toBe('attestation-expired');
  });

  it('is kept in the document, and a key without one fills no seat', () => {
    const registry = draftRegistry(null, { id: 'ana', name: 'Ana', level: 4 }, made.key);
    const parsed = parseRegistry({ file: 'registry.json', text: registryDocument(registry) });
    expect(parsed.ok && parsed.value).toEqual(registry);
    expect(checkAgainst(base, registry)).toEqual([]);
    const without = draftRegistry(null, { id: 'ana', name: 'Ana', level: 4 }, bare);
    const codes = checkAgainst(base, without).map((one) => one.code);
    expect(codes).toEqual(['SEATS_UNFILLABLE', 'SEATS_UNFILLABLE', 'ATTESTATION_REFUSED']);
  });
});

describe('roots of a policy', () => {
  const pem = (der: Uint8Array): string =>
    `-----BEGIN CERTIFICATE-----\n${(
      Buffer.from(der)
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    ).join('\n')}\n-----END CERTIFICATE-----\n`;
  const text = policyYaml.replace('attestation: required', 'attestation: required, roots: [vendor.pem]');

  it('stand in the document as certificates, so that the digest covers them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-roots-'));
    writeFileSync(join(folder, 'policy.yaml'), text);
    writeFileSync(join(folder, 'vendor.pem'), `Vendor\n${pem(vendor.der)}${pem(other.der)}`);
    const policy = readPolicy(join(folder, 'policy.yaml'));
    expect(policy.authenticators.roots).toEqual([vendor, other].map(({ der }) => der.toString('base64')));
    const read = parsePolicyDocument({ file: 'document', text: policyDocument(policy) });
    expect(read.ok && policyDigest(read.value)).toBe(policyDigest(policy));
    writeFileSync(join(folder, 'vendor.pem'), pem(other.der));
    expect(policyDigest(readPolicy(join(folder, 'policy.yaml')))).not.toBe(policyDigest(policy));
    rmSync(join(folder, 'vendor.pem'));
    expect(() => readPolicy(join(folder, 'policy.yaml'))).toThrow(/vendor\.pem cannot be read: ENOENT/);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['a file without a certificate', 'nothing', /contains no certificate/],
    ['a certificate of no authority', pem(leaf.der), /certificates of authorities/],
    ['bytes that are no certificate', pem(Buffer.from('x')), /certificates of authorities/],
    ['one twice', pem(vendor.der) + pem(vendor.der), /is duplicated/],
  ])('are refused: %s', (_, content, why) => {
    const read = parsePolicy({ file: 'policy.yaml', text }, () => ({ text: content }));
    expect(read.ok ? '' : read.problems.map(({ problem }) => problem).join('\n')).toMatch(why);
  });

  it('are refused beside attestation none, which never looks at them', () => {
    const read = parsePolicy(
      { file: 'policy.yaml', text: text.replace('attestation: required', 'attestation: none') },
      () => ({ text: pem(vendor.der) }),
    );
    expect(read.ok ? '' : read.problems[0]?.problem).toMatch(/attestation is none/);
  });
});

describe.runIf(hasBrowser())('a real browser under a policy that requires attestation', () => {
  it('is asked for it, and its virtual authenticator is refused: no vendor of the policy vouches for it', async () => {
    const policy: Policy = {
      ...policyAt(await freePort()),
      authenticators: { aaguids: null, attestation: 'required', roots: [vendor.der.toString('base64')] },
    };
    const kept: Passkey[] = [];
    const served = await serveEnrolment(policy, (key) => void kept.push(key));
    const browser = await launch();
    try {
      const tab = await browser.newPage();
      await addAuthenticator(tab, 'verifies');
      await tab.goto(served.url);
      await tab.click('button');
      await tab.locator('output.no').waitFor({ timeout: 60_000 });
      expect(await tab.textContent('output')).toMatch(/^attestation-(?:format|self|chain|certificate|aaguid): /);
      expect(kept).toEqual([]);
    } finally {
      await browser.close();
      await served.close();
    }
  });
});
