import { randomBytes } from 'node:crypto';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import { now, OneRoofError, stated } from '../core/index.ts';
import { type Passkey, type Policy, type Registry, unattested } from '../people/index.ts';
import { type Prompts, promptsInMemory } from './prompts.io.ts';
import { refuseKey } from './registration.ts';
import { type Answer, malformedAnswer, type RefusedAnswer } from './answer.ts';

/** One passkey to be made. */
export interface EnrolmentCeremony {
  readonly policy: Policy;
  /** null: there is none yet. */
  readonly registry: Registry | null;
  readonly person: { readonly id: string; readonly name: string };
  /** Keeps the key; the text is said on the page. */
  readonly keep: (key: Passkey) => Promise<string>;
}

const bytes = z.string().regex(/^[A-Za-z0-9_-]+$/);
const finish = z.strictObject({
  ceremony: z.string().max(64),
  credential: bytes.max(2048),
  clientDataJSON: bytes.max(8192),
  attestationObject: bytes.max(49_152),
});

/** What a prompt for a new passkey is kept with. */
const begun = z.strictObject({ challenge: bytes.max(64) });

/**
 * The actions of a page for enrolment. Where `prompts` outlive the process, another one may finish what this one began.
 *
 * Errors  ATTESTATION_UNVERIFIED where the policy requires attestation and names no roots: nothing could be verified.
 */
export function enrolmentActions(
  of: EnrolmentCeremony,
  prompts: Prompts = promptsInMemory(),
): Readonly<Record<'begin' | 'finish', (body: unknown) => Promise<Answer>>> {
  const { attestation, roots } = of.policy.authenticators;
  if (attestation === 'required' && roots === undefined) {
    throw new OneRoofError('ATTESTATION_UNVERIFIED', {
      ...stated`policy "${{ policy: of.policy.name }}" requires attestation, and names no roots for attestation`,
      fix: "name the vendor's certificates (`authenticators.roots: [vendor.pem]`), or set `attestation: none` and hand out the authenticators yourself",
    });
  }
  const purpose = `enrol ${of.person.id}`;
  return {
    begin: async () => {
      const challenge = randomBytes(32).toString('base64url');
      return {
        ok: true,
        text: 'make a passkey',
        ceremony: await prompts.begin(purpose, { challenge }),
        options: creationOptions(of, challenge),
      };
    },
    finish: async (body) => {
      const given = finish.safeParse(body);
      if (!given.success) return malformedAnswer;
      const open = begun.safeParse(await prompts.take(purpose, given.data.ceremony));
      if (!open.success) return { ok: false, code: 'ceremony', text: 'this prompt has expired: start again' };
      const key = await readKey(of.policy, open.data.challenge, given.data);
      if ('ok' in key) return key;
      const refusal = refuseKey(key, of.policy, of.registry);
      return refusal === null ? { ok: true, text: await of.keep(key) } : { ok: false, ...refusal };
    },
  };
}

function creationOptions({ policy, registry, person }: EnrolmentCeremony, challenge: string): object {
  const known = registry?.persons.find(({ id }) => id === person.id)?.keys ?? [];
  return {
    challenge,
    rp: { id: policy.rpId, name: `One Roof, ${policy.name}` },
    user: { id: randomBytes(16).toString('base64url'), name: person.id, displayName: person.name },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
    // Browsers hide the type of an authenticator unless attestation is asked for.
    attestation: asksForAttestation(policy) ? 'direct' : 'none',
    excludeCredentials: known.map(({ credential }) => ({ type: 'public-key', id: credential })),
    timeout: 120_000,
  };
}

const asksForAttestation = ({ production, authenticators }: Policy): boolean =>
  production || authenticators.aaguids !== null || authenticators.attestation === 'required';

const refused = (text: string): RefusedAnswer => ({ ok: false, code: 'registration', text });

async function readKey(
  policy: Policy,
  challenge: string,
  given: z.output<typeof finish>,
): Promise<Passkey | RefusedAnswer> {
  const { credential, clientDataJSON, attestationObject } = given;
  // The library lets crossOrigin pass; a page inside another page is refused here.
  const clientData: unknown = parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'));
  if (!z.looseObject({ crossOrigin: z.literal(false).optional() }).safeParse(clientData).success) {
    return refused('the passkey was made in a page inside another page');
  }
  const response: RegistrationResponseJSON = {
    id: credential,
    rawId: credential,
    type: 'public-key',
    clientExtensionResults: {},
    response: { clientDataJSON, attestationObject },
  };
  // some hundred files about certificates, which only the making of a passkey needs
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const { cose, decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers');
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: policy.origin,
      expectedRPID: policy.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: [-7],
    });
    if (!verified) return refused('the registration does not verify');
    if (registrationInfo.credential.id !== credential) return refused('the passkey is for another site');
    const publicKey = decodeCredentialPublicKey(registrationInfo.credential.publicKey);
    const [x, y] = cose.isCOSEPublicKeyEC2(publicKey)
      ? [publicKey.get(cose.COSEKEYS.x), publicKey.get(cose.COSEKEYS.y)]
      : [];
    if (!(x instanceof Uint8Array && y instanceof Uint8Array)) return refused('the key is not a point of P-256');
    const device = registrationInfo.credentialDeviceType === 'singleDevice' ? 'bound' : 'synced';
    const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
    const { aaguid } = registrationInfo;
    const key: Passkey = { credential, x: hex(x), y: hex(y), aaguid, device, label: `passkey, ${device}` };
    if (policy.authenticators.attestation === 'none') return key;
    const attested = { ...key, attestation: { at: now(), object: attestationObject, clientData: clientDataJSON } };
    const lacking = unattested(policy, attested);
    if (lacking !== null) return { ok: false, code: lacking.code, text: lacking.problem };
    await followChain(policy, registrationInfo.attestationObject);
    return attested;
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

/**
 * A second opinion on the chain, which also asks for the vendor's list of revoked certificates where one names it. The library takes its
 * roots from one place for the whole process, and skips the chain where there are none: so they are handed to it here, for this policy.
 */
async function followChain(policy: Policy, object: Uint8Array<ArrayBuffer>): Promise<void> {
  const { convertCertBufferToPEM, decodeAttestationObject, validateCertificatePath } = await import(
    '@simplewebauthn/server/helpers'
  );
  const roots = policy.authenticators.roots ?? [];
  const sent = (decodeAttestationObject(object).get('attStmt').get('x5c') ?? []).filter(
    // it treats a root that the authenticator sends as a chain with a duplicate link
    (one) => !roots.includes(Buffer.from(one).toString('base64')),
  );
  const pem = (der: Uint8Array): string => convertCertBufferToPEM(new Uint8Array(der));
  await validateCertificatePath(
    sent.map(pem),
    roots.map((root) => pem(Buffer.from(root, 'base64'))),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
