import { note, rehearseIn, submitTargetOf } from './footprint.io.ts';
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { canonicalJson, digest, type Instant, type Milliseconds } from '../../src/core/index.ts';
import { type Connection, id, openSession, type Session, sql } from '../../src/database/index.ts';
import { statementDigest, type StatementDigest, statementHash, writeStatement } from '../../src/evidence/index.ts';
import { describeGate, installSql, readDrift, submitRelease, submitSignature } from '../../src/gate/index.ts';
import {
  type Ratification,
  type Policy,
  type Registry,
  type Signature,
  type TargetDescriptor,
} from '../../src/people/index.ts';
import { readSealed, type SealedRelease, sealRelease } from '../../src/release/index.ts';
import { runSql } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { type Version } from '../binaries.io.ts';
import { answer, keyPair, keyPairOf, policy as page } from './assertion.io.ts';
import { withCopyOf } from './template.io.ts';

/** Somebody with a passkey; `flags` as the authenticator sets them. */
export interface Signer {
  readonly id: string;
  readonly level: number;
  readonly credential: string;
  readonly x: string;
  readonly y: string;
  readonly privateKey: KeyObject;
  readonly flags: number;
}

/** Makes somebody: with a key bound to a device (0x05), or a synced one (0x1d). */
export function signer(name: string, level: number, flags = 0x05): Signer {
  return { id: name, level, credential: randomBytes(16).toString('base64url'), ...keyPair(), flags };
}

/** The assertion of a passkey over a statement, as an authenticator and a browser make it; `as` changes what they saw. */
export function assertion(by: Signer, body: string, as: Partial<Parameters<typeof answer>[1]> = {}): Signature {
  return answer(by, { challenge: statementHash(body), flags: by.flags, ...as });
}

/** The registry of some people. */
export function registryOf(people: readonly Signer[], more: Partial<Registry> = {}): Registry {
  const persons = people.map(({ id: person, level, credential, x, y, flags }) => ({
    id: person,
    name: person.toUpperCase(),
    level,
    keys: [
      {
        credential,
        x,
        y,
        aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a',
        device: (flags & 8) === 0 ? ('bound' as const) : ('synced' as const),
        label: 'key',
      },
    ],
  }));
  return { format: 1, version: 1, previous: null, persons, software: [], ...more };
}

/** A policy of two seats, one of them for a key that is bound to a device. */
export function policyOf(more: Partial<Policy> = {}): Policy {
  const ms = (n: number): Milliseconds => n as Milliseconds;
  return {
    format: 1,
    name: 'test',
    production: false,
    ...page,
    seats: [
      { level: 2, device: 'any' },
      { level: 4, device: 'bound' },
    ],
    oneWaySeats: [],
    window: { longest: ms(86_400_000), review: ms(1), rollback: ms(3_600_000) },
    rehearsal: { maxAge: ms(86_400_000) },
    holdPoints: [],
    quorum: [
      { level: 4, device: 'any' },
      { level: 2, device: 'any' },
    ],
    authenticators: { aaguids: null, attestation: 'none' },
    ...more,
  };
}

/** The release that the tests roll out: two tiers, a data gate before the second, a barred third. */
export const release: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: small
title: Small
database: shop
touches: [public.t, public.n, public.never]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
metrics:
  rows: rows of t
  ready: rows of readiness
  tables: tables that the release makes
invariants:
  greenfield: { rows: 1, tables: 0 }
  finalized: { rows: 3, tables: 1 }
  always: { rows: { atLeast: 1 } }
tiers:
  - { id: 1-rows, title: Rows }
  - { id: 2-table, title: Table }
  - { id: 3-barred, title: Barred, barred: not yet }
gates:
  - { id: ready, title: Ready, metric: ready, atLeast: 1, before: 2-table }
`,
  'tiers/1-rows/up.sql': 'insert into t values (2);\ninsert into t values (3);\n',
  'tiers/1-rows/down.sql': 'delete from t where i in (2, 3);\n',
  'tiers/1-rows/check.sql': 'select i from t where i is null;\n',
  'tiers/2-table/up.sql': 'create table n (i integer);\n',
  'tiers/2-table/down.sql': 'drop table if exists n;\n',
  'tiers/3-barred/up.sql': 'create table never (i integer);\n',
  'tiers/3-barred/down.sql': 'drop table if exists never;\n',
  'metrics/rows.sql': 'select count(*) from t\n',
  'metrics/ready.sql': 'select count(*) from readiness\n',
  'metrics/tables.sql': "select count(*) from pg_catalog.pg_tables where tablename = 'n'\n",
};

/** A database with an application and its gate. */
export interface Gated {
  /** Where the release lies. */
  readonly folder: string;
  readonly database: Connection;
  readonly people: { readonly ana: Signer; readonly ben: Signer; readonly ira: Signer };
  readonly policy: Policy;
  readonly registry: Registry;
  readonly sealed: SealedRelease;
  /** Opens a session as one of the gate's roles, or as the application's owner. */
  as<T>(role: string, use: (session: Session) => Promise<T>): Promise<T>;
  /** A ratification of the release; `more` changes what it says. */
  ratification(more?: Partial<Ratification>, target?: Partial<TargetDescriptor>): Promise<string>;
  /** Signs it by these people and hands it in. */
  ratify(body: string, by: readonly Signer[], target?: Partial<TargetDescriptor>): Promise<StatementDigest>;
}

/** What a gated database is made with. */
export interface GatedPlan {
  /** The files of the release, instead of the usual ones. */
  readonly files?: Readonly<Record<string, string>>;
  /** More of the application, made by its owner. */
  readonly application?: readonly string[];
  readonly policy?: Partial<Policy>;
  /** Further persons of the registry, as they are: the database takes any registry at its installation. */
  readonly further?: Registry['persons'];
  /** Changes the SQL that installs the gate: the negative controls. */
  readonly change?: (text: string) => string;
  /** An empty database of another server, which is not dropped. */
  readonly database?: Connection;
  /** A server of its own, and the owner of the database, who is no superuser, as the one who installs; null: the superuser. */
  readonly owned?: { readonly server: Connection; readonly installer: string | null };
}

/** The same people in every gate, so that the gate of a template is theirs as well. */
const people = {
  ana: { ...signer('ana', 4), ...fixed('ana') },
  ben: { ...signer('ben', 2, 0x1d), ...fixed('ben') },
  ira: { ...signer('ira', 4), ...fixed('ira') },
};

function fixed(name: string): Pick<Signer, 'credential' | 'x' | 'y' | 'privateKey'> {
  const seed = createHash('sha256').update(`the key of ${name} in tests`).digest();
  return { credential: seed.subarray(0, 16).toString('base64url'), ...keyPairOf(seed) };
}

/** Makes a database with an application, installs its gate, seals a release, hands all of it over, and drops it. */
export async function withGate<T>(version: Version, plan: GatedPlan, use: (gated: Gated) => Promise<T>): Promise<T> {
  const policy = policyOf(plan.policy);
  const usual = registryOf([people.ana, people.ben, people.ira]);
  const registry = { ...usual, persons: [...usual.persons, ...(plan.further ?? [])] };
  return await withFolder(plan.files ?? release, async (folder) => {
    await sealRelease(folder);
    const sealed = await readSealed(folder);
    const { database: given, owned, application = [], change = (text) => text } = plan;
    const installed = { policy, registry, application, change, installer: owned?.installer ?? null };
    const handOver = (database: Connection): Promise<T> =>
      use(gatedIn({ folder, database, people, policy, registry, sealed }));
    const within = async (database: Connection): Promise<T> => {
      await install({ ...installed, database });
      return await handOver(database);
    };
    if (given !== undefined) return await within(given);
    if (owned !== undefined) return await withDatabaseOf(owned, within);
    const common = { ...installed, application: [], policy: policyOf(), registry: registryOf(Object.values(people)) };
    const template = {
      version,
      of: ['gate', textOf(common, 0)],
      make: (database: Connection) => install({ ...common, database }),
    };
    return await withCopyOf(template, async (database) => {
      await becomeAnother(database, installed);
      return await handOver(database);
    });
  });
}

/** What tests do with a database whose gate is installed, however it was. */
export function gatedIn(
  of: Pick<Gated, 'folder' | 'database' | 'people' | 'policy' | 'registry' | 'sealed'>,
  as: Gated['as'] = async (role, work) => {
    const session = await openSession(
      { ...of.database, user: role },
      { applicationName: 'test', timeouts: "server's" },
    );
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  },
): Gated {
  const gated: Gated = {
    ...of,
    as,
    ratification: (more = {}, target = {}) => ratificationOf(gated, more, target),
    ratify: (body, by, target = {}) =>
      gated.as('oneroof_relay', async (session) => {
        await submitRelease(session, of.sealed);
        const { origin: at, rpId: site } = of.policy;
        for (const one of by) await submitSignature(session, body, assertion(one, body, { origin: at, rpId: site }));
        const statement = statementDigest(body);
        await submitTargetOf(session, {
          statement,
          descriptor: await (Object.keys(target).length > 0 ? descriptorOf(gated, target) : descriptorIn(gated, body)),
          place: 0,
          proof: [],
        });
        return statement;
      }),
  };
  return gated;
}

/** A database of a server of its own. */
async function withDatabaseOf<T>(
  { server, installer }: NonNullable<GatedPlan['owned']>,
  use: (database: Connection) => Promise<T>,
): Promise<T> {
  const database = { ...server, database: `o_${randomBytes(6).toString('hex')}` };
  await runSql(server, [`create database ${database.database} owner ${installer ?? 'postgres'}`]);
  try {
    return await use(database);
  } finally {
    await runSql(server, [`drop database ${database.database} with (force)`]);
  }
}

/** What a gate is installed with. */
interface Installed {
  readonly policy: Policy;
  readonly registry: Registry;
  readonly application: readonly string[];
  readonly change: (text: string) => string;
  /** Null: the superuser. */
  readonly installer: string | null;
}

const documentsOf = (of: Pick<Installed, 'policy' | 'registry'>) => {
  const [policy, registry] = [canonicalJson(of.policy), canonicalJson(of.registry)];
  return {
    policy: { digest: digest('policy', [policy]), body: policy },
    registry: { digest: digest('registry', [registry]), body: registry },
  };
};

/** The SQL that installs it on a server of this version. */
const textOf = (of: Installed, serverVersion: number): string =>
  of.change(
    installSql({
      serverVersion,
      uri: 'production',
      appOwner: 'app_owner',
      ...documentsOf(of),
      as: of.installer === null ? 'superuser' : 'owner',
    }),
  );

/** Makes of a copy what an installation of its own would be: its own identity, policy and registry. */
async function becomeAnother(database: Connection, of: Installed): Promise<void> {
  const { policy, registry } = documentsOf(of);
  const admin = await openSession(database, { applicationName: 'test' });
  try {
    await admin.query(sql`
      with documents (kind, digest, body) as (values
        ('policy', ${policy.digest}, ${policy.body}), ('registry', ${registry.digest}, ${registry.body})),
      identity as (update gate.identity set incarnation = gen_random_uuid(), installed_at = clock_timestamp())
      update gate.documents d set digest = n.digest, body = n.body, accepted_at = clock_timestamp()
      from documents n where n.kind = d.kind`);
    if (of.application.length > 0) await runSql(database, ['set role app_owner', ...of.application]);
  } finally {
    await admin.close();
  }
}

async function install(of: Installed & { readonly database: Connection }): Promise<void> {
  const { database, installer } = of;
  const admin = await openSession(database, { applicationName: 'test' });
  try {
    await admin.query(
      // others install on the same server at the same time
      sql`do $$ begin if to_regrole('app_owner') is null then create role app_owner login; end if;
        exception when duplicate_object or unique_violation then null; end $$`,
    );
    await admin.query(sql`alter schema public owner to app_owner`);
    // before 15 everybody may create there
    await admin.query(sql`revoke create on schema public from public`);
    await runSql(database, [
      'set role app_owner',
      'create table t (i integer)',
      'insert into t values (1)',
      'create table readiness (i integer)',
      ...of.application,
    ]);
    const text = textOf(of, admin.serverVersion);
    const run = `do $install$ begin execute $text$${text}$text$; end $install$`;
    if (installer === null) await admin.run(run);
    else await runSql({ ...database, user: installer }, [run]);
  } finally {
    await admin.close();
  }
}

/** Descriptors by the root that ratifications name: to ask a database for its own takes the digest of its whole schema. */
const described = new Map<string, TargetDescriptor>();

const rootIn = (body: string): string => /"root":"([0-9a-f]{64})","size":1/.exec(body)?.[1] ?? '';

/** The descriptor that a ratification names; where none of ours does, this database's present one. */
export async function descriptorIn(gated: Gated, body: string): Promise<TargetDescriptor> {
  return described.get(rootIn(body)) ?? (await descriptorOf(gated));
}

/** This database's descriptor. */
export async function descriptorOf(gated: Gated, more: Partial<TargetDescriptor> = {}): Promise<TargetDescriptor> {
  const found = await gated.as('oneroof_observer', describeGate);
  const schema = more.schema ?? note(await rehearseIn(gated.database, gated.sealed));
  return { format: 1, ...found.facts, schema, ...more };
}

async function ratificationOf(
  gated: Gated,
  more: Partial<Ratification>,
  target: Partial<TargetDescriptor>,
): Promise<string> {
  const { sealed, policy, registry } = gated;
  const { opens } = more;
  // who carries a rollback on signs how the schema differs when they are asked
  const accepts =
    opens?.what === 'rollback'
      ? await gated.as('oneroof_observer', (session) =>
          readDrift(session, { statement: opens.cycle, direction: 'down' }),
        )
      : null;
  const schema = accepts === null ? {} : { schema: note({ format: 1, accepts }) };
  const descriptor = await descriptorOf(gated, { ...schema, ...target });
  const root = createHash('sha256')
    .update(Buffer.concat([Buffer.from([0]), Buffer.from(canonicalJson(descriptor))]))
    .digest('hex');
  described.set(root, descriptor);
  const at = (ms: number): Instant => new Date(Date.now() + ms).toISOString() as Instant;
  return writeStatement<Ratification>({
    kind: 'ratification',
    subject: { name: sealed.release.name, digest: sealed.seal },
    predicate: {
      decision: 'ratify',
      targets: {
        root,
        size: 1,
      },
      evidence: [{ kind: 'rehearsal', digest: digest('evidence', ['x']) }],
      rehearsedAt: at(-60_000),
      policy: digest('policy', [canonicalJson(policy)]),
      registry: { version: 1, digest: digest('registry', [canonicalJson(registry)]) },
      authors: ['agent', 'ira'],
      opens: { what: 'rollout' },
      notBefore: at(-1000),
      expires: at(3_600_000),
      log: { size: 0, root: '0'.repeat(64) },
      dossier: digest('dossier', ['']),
      sealedAt: at(-120_000),
      nonce: randomBytes(16).toString('hex'),
      ...more,
    },
  });
}

/** Runs a tier as the executor, in one transaction; `more` statements come before it is left. */
export async function runTier(
  session: Session,
  of: { readonly gated: Gated; readonly statement: string; readonly direction: 'up' | 'down'; readonly tier: string },
): Promise<void> {
  const { statement, direction, tier } = of;
  const steps = of.gated.sealed.release.tiers.find((one) => one.id === tier)?.[direction] ?? [];
  const [attempt] = await session.query<{ epoch: string }>(
    sql`select gate.begin_attempt(${statement}, ${direction})::text as epoch`,
  );
  const epoch = attempt?.epoch ?? '0';
  await session.query(sql`begin`);
  try {
    await session.query(sql`select gate.enter_tier(${statement}, ${direction}, ${tier}, ${epoch}::bigint)`);
    for (const [at, step] of steps.entries())
      await session.query(sql`select gate.run_step(${statement}, ${direction}, ${tier}, ${at + 1}, ${step.sql})`);
    await session.query(sql`select gate.leave_tier(${statement}, ${direction}, ${tier}, ${epoch}::bigint)`);
    await session.query(sql`commit`);
  } catch (error) {
    await session.query(sql`rollback`);
    throw error;
  }
}

/** Copies a database within its server, as a restore would. */
export async function withCopy<T>(gated: Gated, use: (copy: Connection) => Promise<T>, suffix = 'copy'): Promise<T> {
  const name = `${gated.database.database}_${suffix}`;
  const admin = await openSession({ ...gated.database, database: 'postgres' }, { applicationName: 'test' });
  try {
    await admin.query(sql`create database ${id(name)} template ${id(gated.database.database)}`);
    return await use({ ...gated.database, database: name });
  } finally {
    await admin.query(sql`drop database if exists ${id(name)} with (force)`).finally(() => admin.close());
  }
}
