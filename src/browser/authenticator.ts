import { type BegunSigning } from './wire.ts';

/** Bytes as base64url, as the server reads them. */
export function encode(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Bytes of base64url. */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));
}

/** Asks one passkey for one assertion. */
export async function assertion({ ceremony, challenge, rpId, credentials }: BegunSigning): Promise<object> {
  const found = await navigator.credentials.get({
    publicKey: {
      challenge: decode(challenge),
      rpId,
      userVerification: 'required',
      timeout: 120_000,
      allowCredentials: credentials.map((id) => ({ type: 'public-key', id: decode(id) })),
    },
  });
  const { rawId, response } = asPasskey(found, AuthenticatorAssertionResponse);
  return {
    ceremony,
    credential: encode(rawId),
    authenticatorData: encode(response.authenticatorData),
    clientDataJSON: encode(response.clientDataJSON),
    signature: encode(response.signature),
  };
}

/** Options for a new passkey. Bytes are base64url. */
export interface BegunEnrolment {
  readonly ceremony: string;
  readonly options: PublicKeyCredentialCreationOptionsJSON;
}

/** Asks for one new passkey; answers its public part. */
export async function attestation({ ceremony, options }: BegunEnrolment): Promise<object> {
  const made = await navigator.credentials.create({
    publicKey: {
      ...(options as object as PublicKeyCredentialCreationOptions),
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: (options.excludeCredentials ?? []).map(({ id }) => ({ type: 'public-key', id: decode(id) })),
    },
  });
  const { rawId, response } = asPasskey(made, AuthenticatorAttestationResponse);
  return {
    ceremony,
    credential: encode(rawId),
    clientDataJSON: encode(response.clientDataJSON),
    attestationObject: encode(response.attestationObject),
  };
}

function asPasskey<T extends AuthenticatorResponse>(
  found: Credential | null,
  kind: new () => T,
): { readonly rawId: ArrayBuffer; readonly response: T } {
  if (!(found instanceof PublicKeyCredential) || !(found.response instanceof kind))
    throw new Error('the browser returned something that is not a passkey');
  return { rawId: found.rawId, response: found.response };
}
