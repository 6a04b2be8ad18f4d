import { type Passkey } from '../gate/index.ts';

/** The AAGUID of keys that our own demonstration makes, and of authenticators that do not say what they are. */
export const demoAaguid = '00000000-0000-0000-0000-000000000000';
/** The AAGUID of Chromium's virtual authenticator. */
const virtualAaguid = '01020304-0506-0708-0102-030405060708';

/** Says whether a key may be one that software made: it never counts in production. */
export function isSoftware(key: Pick<Passkey, 'aaguid'>): boolean {
  return key.aaguid === demoAaguid || key.aaguid === virtualAaguid;
}
