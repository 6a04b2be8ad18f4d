import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../core/index.ts';
import { keyFingerprint, type SoftwareKey, type SshKey, sshSign, sshVerify } from './sshsig.ts';

/** The payload type of every statement of ours. Source: in-toto attestation framework. */
export const payloadType = 'application/vnd.in-toto+json';

/**
 * The bytes that are signed: DSSE's pre-authentication encoding of a statement.
 *
 * Shape   "DSSEv1" SP length SP type SP length SP body; lengths in bytes, decimal.
 * Source  DSSE v1, protocol.md.
 */
export function preAuthenticationEncoding(body: string): Uint8Array {
  const bytes = Buffer.from(body, 'utf8');
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${bytes.length} `;
  return Buffer.concat([Buffer.from(head, 'ascii'), bytes]);
}

/** SHA-256 of the pre-authentication encoding: what a passkey signs as its challenge, and the name of a statement. */
export function statementHash(body: string): Uint8Array {
  return createHash('sha256').update(preAuthenticationEncoding(body)).digest();
}

/** A signed statement, read: its body, and the key whose signature fits. */
export interface Envelope {
  readonly body: string;
  readonly signer: SshKey;
}

/**
 * Signs a statement as one canonical line.
 *
 * Shape   `{"payload": base64, "payloadType", "signatures": [{"keyid": "SHA256:…", "sig": base64 of an SSHSIG}]}`.
 * Source  DSSE v1, envelope.md.
 */
export function writeEnvelope(body: string, key: SoftwareKey): string {
  const sig = sshSign(preAuthenticationEncoding(body), key);
  return canonicalJson({
    payload: Buffer.from(body, 'utf8').toString('base64'),
    payloadType,
    signatures: [{ keyid: keyFingerprint(key.publicKey), sig: Buffer.from(sig).toString('base64') }],
  });
}

/** Reads one line: its form must be ours in every byte. Where it is not, or the signature does not fit, the answer says so. */
export function readEnvelope(line: string): Envelope | 'no envelope' | 'wrong signature' {
  const parsed = form.safeParse(parseCanonical(line));
  if (!parsed.success) return 'no envelope';
  const { payload, signatures } = parsed.data;
  const body = Buffer.from(payload, 'base64').toString('utf8');
  if (Buffer.from(body, 'utf8').toString('base64') !== payload) return 'no envelope';
  const signer = sshVerify(preAuthenticationEncoding(body), Buffer.from(signatures[0].sig, 'base64'));
  return signer !== null && keyFingerprint(signer) === signatures[0].keyid ? { body, signer } : 'wrong signature';
}

/** Reads JSON that is canonical in every byte; undefined where it is not. */
export function parseCanonical(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Base64 with its padding, in the one way of writing it. */
export const base64Text = z.string().refine((text) => Buffer.from(text, 'base64').toString('base64') === text);

const form = z.strictObject({
  payload: base64Text,
  payloadType: z.literal(payloadType),
  signatures: z.tuple([z.strictObject({ keyid: z.string(), sig: base64Text })]),
});
