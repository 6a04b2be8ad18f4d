import { createHash, randomBytes, sign } from 'node:crypto';
import { canonicalJson, digest, type Digest, instant, type Instant, now } from '../core/index.ts';
import { type Connection, openSession, type Session, sql } from '../database/index.ts';
import { ofKind, type SignedForm, type StatementDigest, statementDigest } from '../evidence/index.ts';
import { describeGate, type GateFacts, readStatementBody, submitSignature } from '../gate/index.ts';
import {
  buildRatification,
  type Passkey,
  type Ratification,
  type Registry,
  registryDigest,
  registryDocument,
  type Signature,
  type TargetDescriptor,
} from '../people/index.ts';
import { type DemoAuthenticator, makeDemoAuthenticator, signWithDemo } from './demo-authenticator.io.ts';
import { type DemoAttempt } from './attempts.io.ts';
import { type Agent } from './people.io.ts';
import { type ChapterGround } from './demo-commands.ts';
import { footprintDigest } from '../fingerprint/index.ts';

/** What the agent's credentials are tried with before anyone has ratified: every one that it can hold, and the application's own. */
export async function uninvited(stage: ChapterGround, agent: Agent): Promise<readonly DemoAttempt[]> {
  const own = makeDemoAuthenticator();
  const { body } = await forge(stage);
  const { policy, registry } = stage.people;
  const known = registry.persons[0]?.keys[0]?.credential ?? '';
  const nobody = `sha256:${'0'.repeat(64)}`;
  const submit = (signature: Signature) => (session: Session) => submitSignature(session, body, signature);
  return [
    {
      who: 'observer',
      what: 'delete the issues, read-only switched off',
      work: async (session) => {
        await session.run('set transaction read write');
        await session.run('delete from system_issues');
      },
    },
    { who: 'observer', what: 'read all passwords', work: run('select rolpassword from pg_authid') },
    {
      who: 'executor',
      what: 'begin without a ratification',
      work: (session) => session.query(sql`select gate.begin_attempt(${nobody}, 'up')`),
    },
    { who: 'executor', what: 'run SQL of its own', work: run('drop table system_issues') },
    { who: 'executor', what: 'become the application', work: run('set role directus') },
    {
      who: 'executor',
      what: 'write a signature',
      work: run(`insert into gate.signatures select * from gate.signatures`),
    },
    {
      who: 'relay',
      what: "sign with the agent's software key",
      work: submit(softwareSignature(agent, signWithDemo(own, body, policy))),
    },
    { who: 'relay', what: 'sign with a passkey of its own', work: submit(signWithDemo(own, body, policy)) },
    {
      who: 'relay',
      what: 'forge a signature under a known passkey',
      work: submit({ ...signWithDemo(own, body, policy), credential: known }),
    },
    {
      who: 'relay',
      what: 'enrol itself as a person',
      work: (session) => session.query(sql`select gate.accept('registry', ${withMyself(registry, own)})`),
    },
    {
      who: 'relay',
      what: 'run a step',
      work: (session) => session.query(sql`select gate.run_step(${nobody}, 'up', '1-structure', 1, 'select 1')`),
    },
    {
      who: 'application',
      what: 'change a function of the gate',
      work: run('alter function gate.execute_step(text, text) security invoker'),
    },
    { who: 'application', what: 'replace the policy', work: run('delete from gate.documents') },
    { who: 'application', what: 'let the executor in', work: run('grant directus to oneroof_executor') },
  ];
}

/** What a stolen executor tries when people have ratified: anything but the ratified bytes, in order, as a whole. */
export function misused({ course }: Pick<ChapterGround, 'course'>, statement: string): readonly DemoAttempt[] {
  const [tier] = course.sealed.release.tiers;
  if (tier === undefined) return [];
  const [first = '', second = ''] = tier.up.map((step) => step.sql);
  const entered = (work: (session: Session) => Promise<unknown>) => async (session: Session) => {
    const [row] = await session.query<{ epoch: string }>(
      sql`select gate.begin_attempt(${statement}, 'up')::text as epoch`,
    );
    await session.query(sql`select gate.enter_tier(${statement}, 'up', ${tier.id}, ${row?.epoch ?? ''}::bigint)`);
    await work(session);
  };
  const step = (n: number, text: string) => (session: Session) =>
    session.query(sql`select gate.run_step(${statement}, 'up', ${tier.id}, ${n}::integer, ${text})`);
  return [
    { who: 'executor', what: 'run other SQL as step 1', work: entered(step(1, 'drop table system_issues')) },
    { who: 'executor', what: 'add one character to step 1', work: entered(step(1, `${first} `)) },
    { who: 'executor', what: 'run step 2 before step 1', work: entered(step(2, second)) },
    {
      who: 'executor',
      what: 'commit half a tier',
      work: entered(async (session) => {
        await step(1, first)(session);
        await session.run('commit');
      }),
    },
  ];
}

/**
 * What a stolen executor tries with an answer to a hold point: it names one tier of one rollout, and every seat of the release has signed it.
 * Only where keys of software play the people: no one is asked to sign it.
 */
export async function misread(
  { course, people, production }: ChapterGround,
  cycle: StatementDigest,
): Promise<readonly DemoAttempt[]> {
  const [tier] = course.sealed.release.tiers;
  const keys = people.persons.flatMap(({ authenticator }) => (authenticator === null ? [] : [authenticator]));
  if (tier === undefined || keys.length === 0) return [];
  const answer = await withSession(production.relay, async (session) => {
    const signed = JSON.parse((await readStatementBody(session, cycle)) ?? '{}') as SignedForm<Ratification>;
    const opens = { what: 'tier', tier: tier.id, cycle } as const;
    const body = canonicalJson({
      ...signed,
      predicate: { ...signed.predicate, opens, nonce: randomBytes(16).toString('hex') },
    });
    for (const key of keys) await submitSignature(session, body, signWithDemo(key, body, people.policy));
    return statementDigest(body);
  });
  return [
    {
      who: 'executor',
      what: 'roll out with the answer to a hold point',
      work: (session) => session.query(sql`select gate.begin_attempt(${answer}, 'up')`),
    },
  ];
}

const run = (text: string) => (session: Session) => session.run(text);

/** The statement that people would sign, right in every word: only the signature is not one of theirs. */
export async function forge({
  course,
  people,
  production,
}: ChapterGround): Promise<{ readonly body: string; readonly descriptor: TargetDescriptor }> {
  const { sealed, store } = course;
  const evidence = await store.of(sealed.seal);
  const found = ofKind(evidence, 'rehearsal').at(-1);
  const rehearsal = found?.readable === true ? found.body : null;
  const at = now();
  const facts = await askGate(production.relay);
  const schema = rehearsal?.footprint == null ? (facts.schema as Digest) : footprintDigest(rehearsal.footprint);
  const descriptor: TargetDescriptor = { format: 1, ...facts.facts, schema };
  const body = buildRatification({
    sealed,
    sealedAt: evidence[0]?.entry.recordedAt ?? at,
    policy: people.policy,
    registry: people.registry,
    targets: [descriptor],
    evidence: [{ kind: 'rehearsal', digest: found?.entry.digest ?? digest('evidence', ['']) }],
    rehearsedAt: rehearsal?.endedAt ?? at,
    window: { notBefore: at, expires: hourAfter(at) },
    log: { size: 0, root: '0'.repeat(64) },
    dossier: digest('dossier', ['']),
    opens: { what: 'rollout' },
    now: at,
    nonce: randomBytes(16).toString('hex'),
  });
  return { body, descriptor };
}

function askGate(relay: Connection): Promise<GateFacts> {
  return withSession(relay, describeGate);
}

async function withSession<T>(connection: Connection, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(connection, { applicationName: 'oneroof demo' });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

function hourAfter(at: Instant): Instant {
  return instant(new Date(Date.parse(at) + 3_600_000));
}

/** The same assertion, signed by the agent's enrolled Ed25519 key. */
function softwareSignature({ id, privateKey }: Agent, like: Signature): Signature {
  const client = createHash('sha256').update(like.clientDataJSON).digest();
  const signed = Buffer.concat([like.authenticatorData, client]);
  return { ...like, credential: Buffer.from(id).toString('base64url'), signature: sign(null, signed, privateKey) };
}

/** The next version of the registry, with someone more in it. */
function withMyself(registry: Registry, { key }: DemoAuthenticator): string {
  const myself = { id: 'agent', name: 'Agent', level: 4, keys: [key satisfies Passkey] };
  const persons = [myself, ...registry.persons].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const next = { ...registry, version: registry.version + 1, previous: registryDigest(registry), persons };
  return registryDocument(next);
}
