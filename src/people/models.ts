import { type Passkey } from './documents.ts';

/** The AAGUID of Chromium's virtual authenticator: it signs anything that a program requests, without a person. */
export const virtualAuthenticator = '01020304-0506-0708-0102-030405060708';
/** The AAGUID of authenticators that do not say what they are, and of the keys that our own demonstration makes. */
export const unnamedAuthenticator = '00000000-0000-0000-0000-000000000000';

/** The models of software authenticators, certain or possible: none of them counts in production. */
export const softwareModels: readonly string[] = [virtualAuthenticator, unnamedAuthenticator];

/** Says whether a key may be one that software made: it never counts in production. */
export function isSoftware({ aaguid }: Pick<Passkey, 'aaguid'>): boolean {
  return softwareModels.includes(aaguid);
}
