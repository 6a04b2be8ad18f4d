import { existsSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { type Browser, chromium, type Page as Tab } from 'playwright-core';
import { canonicalJson, digest, type Milliseconds } from '../../src/core/index.ts';
import { statementDigest, writeStatement } from '../../src/evidence/index.ts';
import { type Passkey, type Policy, type Registry } from '../../src/people/index.ts';
import {
  draftRegistry,
  enrolmentActions,
  enrolPage,
  type ServedPage,
  servePage,
  type Signed,
  signingActions,
  signPage,
  type SignView,
} from '../../src/signing/index.ts';

const executablePath = '/usr/bin/chromium';

/** Says whether the tests with a browser can run; on CI a missing browser is a failure. */
export function hasBrowser(): boolean {
  if (existsSync(executablePath)) return true;
  const loud = `THE TESTS OF PASSKEYS DO NOT RUN: there is no ${executablePath}; install chromium`;
  if ((process.env['CI'] ?? '') !== '') throw new Error(loud);
  process.stderr.write(`\n${'!'.repeat(80)}\n${loud}\n${'!'.repeat(80)}\n`);
  return false;
}

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

/** Gives a tab an authenticator; says how to get its credentials out and in. */
export async function addAuthenticator(tab: Tab, verifies: 'verifies' | 'does not verify'): Promise<Authenticator> {
  const session = await tab.context().newCDPSession(tab);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasUserVerification: true,
      isUserVerified: verifies === 'verifies',
      automaticPresenceSimulation: true,
    },
  });
  const credentials = async (): Promise<readonly Credential[]> =>
    (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  const add = async (credential: Credential): Promise<void> => {
    await session.send('WebAuthn.addCredential', { authenticatorId, credential });
  };
  return { credentials, add };
}

export interface Credential {
  readonly credentialId: string;
  readonly isResidentCredential: boolean;
  readonly rpId?: string;
  readonly privateKey: string;
  readonly signCount: number;
}

export interface Authenticator {
  readonly credentials: () => Promise<readonly Credential[]>;
  readonly add: (credential: Credential) => Promise<void>;
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export function policyAt(port: number): Policy {
  return {
    format: 1,
    name: 'trial',
    production: false,
    origin: `http://localhost:${port}`,
    rpId: 'localhost',
    seats: [{ level: 4, device: 'any' }],
    oneWaySeats: [],
    window: { longest: 3_600_000 as Milliseconds, review: 1 as Milliseconds, rollback: 3_600_000 as Milliseconds },
    rehearsal: { maxAge: 3_600_000 as Milliseconds },
    holdPoints: [],
    quorum: [{ level: 4, device: 'any' }],
    authenticators: { aaguids: null, attestation: 'none' },
  };
}

export async function serveEnrolment(policy: Policy, keep: (key: Passkey) => void): Promise<ServedPage> {
  const person = { id: 'ana', name: 'Ana' };
  return servePage({
    origin: policy.origin,
    listen: { host: '127.0.0.1', port: Number(new URL(policy.origin).port) },
    draw: async () => enrolPage(policy, person),
    actions: enrolmentActions({
      policy,
      registry: null,
      person,
      keep: async (key) => {
        keep(key);
        return 'Kept.';
      },
    }),
  });
}

export const registryOf = (key: Passkey): Registry => draftRegistry(null, { id: 'ana', name: 'Ana', level: 4 }, key);

/** A statement about one release, another for each nonce. */
export function statementOf(policy: Policy, nonce: string): string {
  return writeStatement({
    kind: 'ratification',
    subject: { name: 'v3', digest: 'a'.repeat(64) },
    predicate: { decision: 'ratify', policy: digest('policy', [canonicalJson(policy)]), nonce },
  });
}

/** Serves a page for signing; what was signed is pushed to `signed`. */
export async function serveSigning(of: {
  readonly policy: Policy;
  readonly registry: Registry;
  readonly body: string;
  readonly signed: Signed[];
  readonly view?: Partial<SignView>;
  readonly barred?: readonly string[];
  readonly port?: number;
}): Promise<ServedPage> {
  const { policy, registry, body, signed } = of;
  return servePage({
    origin: policy.origin,
    listen: { host: '127.0.0.1', port: of.port ?? Number(new URL(policy.origin).port) },
    draw: async () =>
      signPage({
        policy,
        title: 'Ratify v3 for trial',
        facts: [['Target', 'trial']],
        statement: statementDigest(body),
        text: 'text',
        standing: { complete: false, signed: [], missing: ['one person of level 4'] },
        ...of.view,
      }),
    actions: signingActions({
      body,
      policy,
      registry,
      barred: of.barred ?? [],
      submit: async (one) => {
        signed.push(one);
        return { complete: true, signed: [one.person.id], missing: [] };
      },
    }),
  });
}

/** Serves a page of somebody else, with an address in a frame. */
export async function serveFrame(url: string): Promise<ServedPage> {
  const port = await freePort();
  const server = createHttpServer((_, answer) => {
    answer.setHeader('content-type', 'text/html').end(`<h1>around</h1><iframe src="${url}"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  return { url: `http://localhost:${port}/`, close };
}
