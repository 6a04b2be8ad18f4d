import { createHash, randomBytes } from 'node:crypto';
import { canonicalJson, digest, type Instant, type Milliseconds } from '../src/core/index.ts';
import { type Connection, id, openSession, type Session, sql } from '../src/database/index.ts';
import { statementDigest, type StatementDigest, writeStatement } from '../src/evidence/index.ts';
import {
  describeGate,
  installSql,
  submitFootprint,
  submitRelease,
  submitSignature,
  submitTarget,
} from '../src/gate/index.ts';
import { type Policy, type Registry, type Ratification } from '../src/people/index.ts';
import { type Footprint, footprintDigest } from '../src/fingerprint/index.ts';
import { type SealedRelease } from '../src/release/index.ts';
import { makeDemoAuthenticator, signWithDemo } from '../src/demo/demo-authenticator.io.ts';
import { rehearseIn } from '../test/gate/footprint.io.ts';
import { type Bench } from './servers.io.ts';

const day = 86_400_000 as Milliseconds;
const seat = { level: 1, device: 'any' } as const;
const authenticators = [makeDemoAuthenticator(), makeDemoAuthenticator()] as const;
const registry: Registry = {
  format: 1,
  version: 1,
  previous: null,
  persons: authenticators.map(({ key }, at) => ({ id: `p${at}`, name: `P${at}`, level: 4, keys: [key] })),
  software: [],
};
const policy: Policy = {
  format: 1,
  name: 'bench',
  production: false,
  origin: 'https://gate.example.org',
  rpId: 'gate.example.org',
  seats: [seat, seat],
  oneWaySeats: [],
  window: { longest: day, review: 1 as Milliseconds, rollback: day },
  rehearsal: { maxAge: day },
  holdPoints: [],
  quorum: [seat, seat],
  authenticators: { aaguids: null, attestation: 'none' },
};
const documents = {
  policy: { digest: digest('policy', [canonicalJson(policy)]), body: canonicalJson(policy) },
  registry: { digest: digest('registry', [canonicalJson(registry)]), body: canonicalJson(registry) },
};

/** The role that owns the application's objects, with and without a gate. */
export const owner = 'bench_owner';

/** Copies a database within its server, with its objects in the hands of the owner. */
export async function copyOwned(
  bench: Bench,
  of: { readonly source: string; readonly database: string },
): Promise<Connection> {
  const { admin, server } = bench;
  await admin.run(`do $$ begin if to_regrole('${owner}') is null then create role ${owner} login; end if; end $$`);
  await admin.query(sql`create database ${id(of.database)} template ${id(of.source)}`);
  const connection = server.connection(of.database);
  await within(connection, async (session) => {
    await session.run(`alter schema public owner to ${owner}`);
    await session.run(`alter table if exists public.accounts owner to ${owner}`);
  });
  return connection;
}

/** Installs a gate in a database whose objects are in the hands of a role. */
export async function gateIt(connection: Connection, appOwner = owner): Promise<void> {
  await within(connection, async (session) => {
    const text = installSql({
      serverVersion: session.serverVersion,
      uri: 'bench',
      appOwner,
      as: 'superuser',
      ...documents,
    });
    await session.run(`do $install$ begin execute $text$${text}$text$; end $install$`);
  });
}

/** A statement that is signed by two keys, and what one of the signatures costs the database. */
export interface Ratified {
  readonly statement: StatementDigest;
  /** Milliseconds of `gate.submit`, with the way there and back. */
  readonly submit: number;
}

/** Hands in a release and its ratification, by two keys of software. */
export async function ratify(connection: Connection, release: SealedRelease): Promise<Ratified> {
  const footprint = await rehearsed(connection, release);
  return await within({ ...connection, user: 'oneroof_relay' }, async (relay) => {
    await submitRelease(relay, release);
    await submitFootprint(relay, footprint);
    const descriptor = await within({ ...connection, user: 'oneroof_observer' }, async (session) => {
      const { facts } = await describeGate(session);
      return { format: 1 as const, ...facts, schema: footprintDigest(footprint) };
    });
    const body = ratificationOf(release, canonicalJson(descriptor));
    const statement = statementDigest(body);
    let submit = 0;
    for (const one of authenticators) {
      const signature = signWithDemo(one, body, policy);
      const began = performance.now();
      await submitSignature(relay, body, signature);
      submit = performance.now() - began;
    }
    await submitTarget(relay, { statement, descriptor, place: 0, proof: [] });
    return { statement, submit };
  });
}

/** On a copy: what a transaction that is rolled back leaves in a table would slow down what is timed. */
async function rehearsed(connection: Connection, release: SealedRelease): Promise<Footprint> {
  const copy = `${connection.database}_rehearsed`;
  return await within({ ...connection, database: 'postgres' }, async (admin) => {
    await admin.query(sql`create database ${id(copy)} template ${id(connection.database)}`);
    try {
      return await rehearseIn(
        { ...connection, database: copy },
        release,
        { relations: named(release) },
        'as-rehearsed',
      );
    } finally {
      await admin.query(sql`drop database ${id(copy)} with (force)`);
    }
  });
}

/** The relations that the SQL of a release may mean: what its rehearsal would lock, whatever else is there. */
function named({ release }: SealedRelease): readonly (readonly [string, string])[] {
  const words = release.tiers.flatMap(({ up, down }) =>
    [...up, ...down].flatMap(({ sql: text }) => text.match(/\w+/g) ?? []),
  );
  return [...new Set(words)].toSorted().map((word) => ['public', word]);
}

function ratificationOf(release: SealedRelease, descriptor: string): string {
  const at = (ms: number): Instant => new Date(Date.now() + ms).toISOString() as Instant;
  const leaf = Buffer.concat([Buffer.from([0]), Buffer.from(descriptor)]);
  return writeStatement<Ratification>({
    kind: 'ratification',
    subject: { name: release.release.name, digest: release.seal },
    predicate: {
      decision: 'ratify',
      targets: { root: createHash('sha256').update(leaf).digest('hex'), size: 1 },
      evidence: [{ kind: 'rehearsal', digest: digest('evidence', ['bench']) }],
      rehearsedAt: at(-60_000),
      policy: documents.policy.digest,
      registry: { version: 1, digest: documents.registry.digest },
      authors: ['agent'],
      opens: { what: 'rollout' },
      notBefore: at(-1000),
      expires: at(3_600_000),
      log: { size: 0, root: '0'.repeat(64) },
      dossier: digest('dossier', ['']),
      sealedAt: at(-120_000),
      nonce: randomBytes(16).toString('hex'),
    },
  });
}

/** Opens a session, hands it over, closes it. */
export async function within<T>(connection: Connection, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(connection, { applicationName: 'bench', timeouts: "server's" });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
