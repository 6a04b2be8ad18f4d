import { type Page as Tab } from 'playwright-core';
import { type Signer } from '../gate/cycle.io.ts';

/** A person's authenticator in a tab: only the one that is in use answers. */
export interface Hand {
  use(): Promise<void>;
}

const inUse = new WeakMap<Tab, string>();

/** Gives a person of the tests an authenticator of the browser, with the key that the registry has of them. */
export async function passkeyOf(tab: Tab, { credential, privateKey }: Signer): Promise<Hand> {
  const session = await tab.context().newCDPSession(tab);
  await session.send('WebAuthn.enable', { enableUI: false });
  return {
    use: async () => {
      const before = inUse.get(tab);
      if (before !== undefined) await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: before });
      const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      });
      inUse.set(tab, authenticatorId);
      await session.send('WebAuthn.addCredential', {
        authenticatorId,
        credential: {
          credentialId: Buffer.from(credential, 'base64url').toString('base64'),
          isResidentCredential: false,
          rpId: 'localhost',
          privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
          signCount: 1,
        },
      });
    },
  };
}
