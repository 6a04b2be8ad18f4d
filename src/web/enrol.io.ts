import { randomBytes } from 'node:crypto';
import { type RegistrationResponseJSON, verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';
import { z } from 'zod';
import { OneRoofError } from '../core/index.ts';
import { type Passkey, type Policy, type Registry } from '../gate/index.ts';
import { refuseKey } from './registration.ts';
import { type Answer } from './serve.io.ts';

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

/**
 * The actions of a page for enrolment.
 *
 * Errors  ATTESTATION_UNVERIFIED where the policy requires attestation: a chain that nobody checks would be a promise only.
 */
export function enrolmentActions(
  of: EnrolmentCeremony,
): Readonly<Record<'begin' | 'finish', (body: unknown) => Promise<Answer>>> {
  if (of.policy.authenticators.attestation === 'required') {
    throw new OneRoofError('ATTESTATION_UNVERIFIED', {
      problem: `policy "${of.policy.name}" requires attestation, and chains to vendors' roots are not checked yet`,
      fix: 'set `attestation: none` in the policy and hand out the authenticators yourself, or wait for a version that checks them',
    });
  }
  let open: { readonly ceremony: string; readonly challenge: string } | null = null;
  return {
    begin: async () => {
      open = { ceremony: randomBytes(16).toString('hex'), challenge: randomBytes(32).toString('base64url') };
      return {
        ok: true,
        text: 'make a passkey',
        ceremony: open.ceremony,
        options: creationOptions(of, open.challenge),
      };
    },
    finish: async (body) => {
      const given = finish.safeParse(body);
      if (!given.success) return { ok: false, code: 'malformed', text: 'the page sent something that it never sends' };
      if (open === null || given.data.ceremony !== open.ceremony) {
        return { ok: false, code: 'ceremony', text: 'this prompt is over: begin again' };
      }
      const { challenge } = open;
      open = null;
      const key = await readKey(of.policy, challenge, given.data);
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
    attestation: policy.production || policy.authenticators.aaguids !== null ? 'direct' : 'none',
    excludeCredentials: known.map(({ credential }) => ({ type: 'public-key', id: credential })),
    timeout: 120_000,
  };
}

type Refused = Extract<Answer, { ok: false }>;
const refused = (text: string): Refused => ({ ok: false, code: 'registration', text });

async function readKey(policy: Policy, challenge: string, given: z.output<typeof finish>): Promise<Passkey | Refused> {
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
    if (registrationInfo.credential.id !== credential) return refused('the passkey answers to another name');
    const cose = decodeCredentialPublicKey(registrationInfo.credential.publicKey) as unknown as Map<number, unknown>;
    const [x, y] = [cose.get(-2), cose.get(-3)];
    if (!(x instanceof Uint8Array && y instanceof Uint8Array)) return refused('the key is not a point of P-256');
    const device = registrationInfo.credentialDeviceType === 'singleDevice' ? 'bound' : 'synced';
    const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
    return { credential, x: hex(x), y: hex(y), aaguid: registrationInfo.aaguid, device, label: `passkey, ${device}` };
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
