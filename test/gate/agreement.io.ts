import { note, rehearseIn, submitTargetOf } from './footprint.io.ts';
import { canonicalJson, digest, type Digest, type Instant } from '../../src/core/index.ts';
import { type Session, sql } from '../../src/database/index.ts';
import { statementDigest, type StatementDigest, writeStatement } from '../../src/evidence/index.ts';
import { describeGate, type GateFacts, readReceived, submitRelease, submitSignature } from '../../src/gate/index.ts';
import {
  type Ratification,
  decide,
  type NamedCycle,
  type Policy,
  type Registry,
  type Signature,
  type TargetDescriptor,
  unnamedAuthenticator,
} from '../../src/people/index.ts';
import { assertion, type Gated, type GatedPlan, registryOf, signer } from './cycle.io.ts';

const minute = 60_000;
const at = (ms: number): Instant => new Date(Date.now() + ms).toISOString() as Instant;

const [fay, hal, jon] = [signer('fay', 4), signer('hal', 4), signer('jon', 4)];
const persons = registryOf([
  fay,
  hal,
  { ...hal, id: 'ivy', level: 2, credential: signer('', 1).credential },
  jon,
]).persons;

/** A gate in production with persons whose keys do not count: fay's is software, hal's is ivy's too, jon's says that it was backed up. */
export const plan: GatedPlan = {
  policy: {
    production: true,
    window: { longest: 24 * 60 * minute, review: minute, rollback: 60 * minute } as Policy['window'],
    holdPoints: [{ before: '3-barred', seats: [{ level: 4, device: 'any' }] }],
  },
  further: persons.map((one) =>
    one.id === 'fay' ? { ...one, keys: one.keys.map((key) => ({ ...key, aaguid: unnamedAuthenticator })) } : one,
  ),
};

/** One thing about a ratification that is not as it should be, or as it need not be. */
export interface Bend {
  readonly name: string;
  readonly says?: Record<string, unknown>;
  readonly target?: Partial<TargetDescriptor>;
  readonly body?: (body: string) => string;
  readonly sign?: (gated: Gated, body: string) => readonly Signature[];
  /** When this database first received the release, and not minutes ago as else. */
  readonly received?: 'just now' | 'never';
  readonly afterwards?: 'abandoned' | 'revoked' | 'registry' | 'policy' | 'left';
  /** It is for a hold point or a rollback of a cycle that is made for it, in this state. */
  readonly further?: Further;
}

/** A ratification that names another one. */
interface Further {
  readonly opens: { readonly what: 'tier'; readonly tier: string } | { readonly what: 'rollback' };
  readonly of: 'this release' | 'another' | 'a hold point';
  readonly begun: 'no' | 'yes' | 'and back';
}

const both = ({ people: { ana, ben } }: Gated, body: string): readonly Signature[] => [
  assertion(ben, body),
  assertion(ana, body),
];
const signed = (name: string, more: Partial<Parameters<typeof assertion>[2] & object>): Bend => ({
  name,
  sign: ({ people: { ana, ben } }, body) => [assertion(ben, body), assertion(ana, body, more)],
});
const by = (name: string, who: (people: Gated['people']) => readonly Parameters<typeof assertion>[0][]): Bend => ({
  name,
  sign: ({ people }, body) => who(people).map((one) => assertion(one, body)),
});
const says = (name: string, more: Record<string, unknown>): Bend => ({ name, says: more });
const further = (
  name: string,
  opens: Further['opens'],
  of: { readonly of?: Further['of']; readonly begun?: Further['begun'] } = {},
): Bend => ({ name, further: { opens, of: 'this release', begun: 'no', ...of } });
const other = digest('policy', ['{}']);

/** Every field of a ratification bent, and every circumstance. */
export const bends: readonly Bend[] = [
  says('nothing', {}),
  says('another decision', { decision: 'approve' }),
  says('a dossier that is no digest', { dossier: 'sha256:0' }),
  says('a short nonce', { nonce: '1' }),
  says('a log of a negative size', { log: { size: -1, root: '0'.repeat(64) } }),
  says('a log with a member more', { log: { size: 0, root: '0'.repeat(64), more: 1 } }),
  says('a member more', { more: null }),
  says('authors out of order', { authors: ['b', 'a'] }),
  says('authors in the order of UTF-16', { authors: ['agent', 'ira', '\u{1f600}', '\ue000'] }),
  says('authors in the order of code points', { authors: ['agent', 'ira', '\ue000', '\u{1f600}'] }),
  says('an author of 200 characters', { authors: ['\u{1f600}'.repeat(200)] }),
  says('an author of 201 characters', { authors: ['\u{1f600}'.repeat(201)] }),
  says('a time that there is not', { sealedAt: '2026-02-30T00:00:00.000Z' }),
  says('a time of another spelling', { sealedAt: '2026-01-01T00:00:00Z' }),
  says('a time of 24 hours', { sealedAt: '2026-01-01T24:00:00.000Z' }),
  says('an end before the beginning', { notBefore: at(minute), expires: at(-minute) }),
  says('no targets', { targets: { root: '0'.repeat(64), size: 0 } }),
  says('another tree', { targets: { root: '0'.repeat(64), size: 1 } }),
  says('no purpose', { opens: null }),
  says('a purpose that there is not', { opens: { what: 'everything' } }),
  says('a purpose with a member more', { opens: { what: 'rollout', tier: '1-rows' } }),
  says('a hold point of no cycle', { opens: { what: 'tier', tier: '3-barred' } }),
  says('a hold point that is no tier', { opens: { what: 'tier', tier: 'x', cycle: other } }),
  says('a hold point of a cycle that is not known', { opens: { what: 'tier', tier: '3-barred', cycle: other } }),
  further('a hold point that the policy does not have', { what: 'tier', tier: '1-rows' }),
  further('a hold point', { what: 'tier', tier: '3-barred' }),
  further('a hold point of another release', { what: 'tier', tier: '3-barred' }, { of: 'another' }),
  further('a hold point of a hold point', { what: 'tier', tier: '3-barred' }, { of: 'a hold point' }),
  says('a rollback of no cycle', { opens: { what: 'rollback' } }),
  says('a rollback of a cycle that is not known', { opens: { what: 'rollback', cycle: other } }),
  further('a rollback of a cycle that has not begun', { what: 'rollback' }),
  further('a rollback', { what: 'rollback' }, { begun: 'yes' }),
  further('a rollback of a cycle that is rolled back', { what: 'rollback' }, { begun: 'and back' }),
  says('evidence twice', {
    evidence: ['x', 'x'].map((one) => ({ kind: 'rehearsal', digest: digest('evidence', [one]) })),
  }),
  says('no evidence', { evidence: [] }),
  says('other evidence', { evidence: [{ kind: 'gate', digest: digest('evidence', ['x']) }] }),
  says('another policy', { policy: other }),
  says('another registry', { registry: { version: 1, digest: other } }),
  { name: 'another version of the registry', body: (body) => body.replace('"version":1', '"version":2') },
  { name: 'another name', body: (body) => body.replace('"name":"small"', '"name":"smell"') },
  { name: 'another release', body: (body) => body.replace(/"sha256":"../, '"sha256":"zz').replace('zz', '00') },
  { name: 'a name of no letters', body: (body) => body.replace('"name":"small"', '"name":""') },
  { name: 'another kind', body: (body) => body.replace('urn:oneroof:ratification', 'urn:oneroof:rehearsal') },
  ...(['uri', 'database', 'databaseOid', 'systemIdentifier', 'incarnation'] as const).map(
    (fact): Bend => ({ name: `another ${fact}`, target: { [fact]: 'x' } }),
  ),
  { name: 'another timeline', target: { timeline: 7 } },
  { name: 'a schema that is not as it was left', afterwards: 'left' },
  says('too long ago for the way forward', { notBefore: at(-30 * minute), expires: at(-10 * minute) }),
  says('too long ago', { notBefore: at(-300 * minute), expires: at(-90 * minute) }),
  says('too early', { notBefore: at(30 * minute), expires: at(60 * minute) }),
  says('too long', { expires: at(48 * 60 * minute) }),
  says('sealed in ten minutes', { sealedAt: at(10 * minute) }),
  says('sealed tomorrow', { sealedAt: at(24 * 60 * minute) }),
  { name: 'received just now', received: 'just now' },
  { name: 'received at no time', received: 'never' },
  says('rehearsed long ago', { rehearsedAt: at(-48 * 60 * minute) }),
  says('rehearsed tomorrow', { rehearsedAt: at(24 * 60 * minute) }),
  by('nobody', () => []),
  by('one person', ({ ana }) => [ana]),
  by('the other person', ({ ben }) => [ben]),
  by('the author', ({ ben, ira }) => [ben, ira]),
  by('software', ({ ben }) => [ben, fay]),
  by('a key of two persons', ({ ben }) => [ben, hal]),
  by('a key that was backed up', ({ ben }) => [ben, { ...jon, flags: 0x0d }]),
  by('a key that is bound', ({ ben }) => [ben, jon]),
  by('a stranger', ({ ben }) => [ben, signer('eve', 9)]),
  by('everybody', ({ ana, ben, ira }) => [fay, hal, jon, ira, ana, ben]),
  says('an author by the name, in small letters', { authors: [' ana '] }),
  says('an author by the name, in capitals', { authors: ['ANA'] }),
  signed('no touch', { flags: 0x04 }),
  signed('no person', { flags: 0x01 }),
  signed('another page', { origin: 'https://gate.example.net' }),
  signed('another site', { rpId: 'example.org' }),
  signed('another challenge', { challenge: new Uint8Array(32) }),
  { name: 'a revocation', afterwards: 'revoked' },
  { name: 'an abandonment', afterwards: 'abandoned' },
  { name: 'another registry since', afterwards: 'registry' },
  { name: 'another policy since', afterwards: 'policy' },
];

/** How a ratification with some bends is asked about: for this direction, before or after its first tier was committed. */
export interface Way {
  readonly direction: 'up' | 'down';
  readonly begun: 'no' | 'yes';
}

/** In an order in which they can be asked of one ratification. */
const ways: readonly Way[] = [
  { direction: 'up', begun: 'no' },
  { direction: 'down', begun: 'no' },
  { direction: 'up', begun: 'yes' },
  { direction: 'down', begun: 'yes' },
];

/** The code that Node gives, and the one of the database, for each way; `OPEN` where the gate is open. */
export interface Answers {
  readonly node: readonly string[];
  readonly database: readonly string[];
}

const codeOf = (message: string): string => /^gate: ([a-z-]+)/.exec(message)?.[1] ?? message;
const hex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`;
const tried = async (work: Promise<unknown>): Promise<string | null> =>
  work.then(
    () => null,
    (error: Error) => codeOf(error.message),
  );

/** Sessions of a gate that are kept while it is asked many times, and what it says of itself. */
export interface Asked {
  readonly gated: Gated;
  readonly admin: Session;
  readonly relay: Session;
  readonly executor: Session;
  readonly facts: GateFacts;
}

/** Asks the gate of a database many times. */
export async function withAsked<T>(gated: Gated, use: (asked: Asked) => Promise<T>): Promise<T> {
  return gated.as(gated.database.user, (admin) =>
    gated.as('oneroof_relay', (relay) =>
      gated.as('oneroof_executor', async (executor) => {
        await submitRelease(relay, gated.sealed);
        await receive(admin, gated.sealed.seal, '-5 minutes');
        const schema = note(await rehearseIn(gated.database, gated.sealed));
        return use({ gated, admin, relay, executor, facts: { ...(await describeGate(admin)), schema } });
      }),
    ),
  );
}

/** As if this database had first received a release so long ago; null: as if nothing said when. */
async function receive(admin: Session, seal: string, when: string | null): Promise<void> {
  await admin.query(sql`delete from gate.first_seen`);
  if (when !== null)
    await admin.query(sql`insert into gate.first_seen values (${seal}, clock_timestamp() + ${when}::interval)`);
}

async function putInForce(admin: Session, kind: 'registry' | 'policy', document: Registry | Policy): Promise<void> {
  const body = canonicalJson(document);
  await admin.query(
    sql`insert into gate.documents (kind, digest, body) values (${kind}, ${digest(kind, [body])}, ${body})`,
  );
}

/** Makes a ratification with these bends, hands it in as the relay does, and asks Node and the database in each way. */
export async function ask(asked: Asked, chosen: readonly Bend[]): Promise<Answers> {
  const { gated, admin, relay, facts } = asked;
  const said: Record<string, unknown>[] = [];
  let cycle: NamedCycle | null = null;
  const forged: string[] = [];
  for (const bend of chosen) {
    if (bend.further !== undefined) {
      const named = await forgeCycle(asked, bend.further);
      forged.push(named.statement);
      cycle = bend.further.of === 'a hold point' ? null : named;
      said.push({ opens: { ...bend.further.opens, cycle: named.statement } });
    }
    if (bend.says !== undefined && 'opens' in bend.says) cycle = null;
    said.push(bend.says ?? {});
  }
  const bent = Object.assign({}, ...said) as Partial<Ratification>;
  const isCycle = bent.opens === undefined;
  const target: Partial<TargetDescriptor> = Object.assign({}, ...chosen.map((bend) => bend.target ?? {}));
  const descriptor: TargetDescriptor = { format: 1, ...facts.facts, schema: facts.schema as Digest, ...target };
  const body = chosen.reduce(
    (text, bend) => bend.body?.(text) ?? text,
    await gated.ratification(bent, { schema: descriptor.schema, ...target }),
  );
  const sign = chosen.findLast((bend) => bend.sign !== undefined)?.sign ?? both;
  const signatures = sign(gated, body);
  const statement = statementDigest(body);
  const after = new Set(chosen.map((bend) => bend.afterwards));
  const revocation = writeStatement({
    kind: 'revocation',
    subject: { name: 'small', digest: statement },
    predicate: { reason: 'no', nonce: 'f'.repeat(32) },
  });
  const revoking = assertion(gated.people.ben, revocation);
  const received = chosen.findLast((bend) => bend.received !== undefined)?.received;
  if (received !== undefined) await receive(admin, gated.sealed.seal, received === 'never' ? null : '0');
  let refused: string | null = null;
  for (const signature of signatures) {
    const why = await tried(submitSignature(relay, body, signature));
    // what is wrong with the statement is told at once; what is wrong with a signature only leaves a seat empty
    // a statement that is no cycle is asked about in the database all the same: for what it is comes before registry and policy
    if (isCycle && why !== null && ['statement', 'registry', 'policy'].includes(why)) refused ??= why;
  }
  await bypass(admin, { statement, body });
  await tried(submitTargetOf(relay, { statement, descriptor, place: 0, proof: [] }));
  // of this seal, by what its subject says: the database looks for it there
  if (after.has('abandoned'))
    await admin.query(
      sql`insert into gate.abandoned (seal, statement) select s.subject, s.digest from gate.statements s where s.digest = ${statement}`,
    );
  if (after.has('revoked')) await submitSignature(relay, revocation, revoking);
  const inForce = {
    registry: after.has('registry') ? { ...gated.registry, persons: gated.registry.persons.slice(1) } : gated.registry,
    policy: after.has('policy') ? { ...gated.policy, name: 'next' } : gated.policy,
  };
  for (const kind of ['registry', 'policy'] as const)
    if (inForce[kind] !== gated[kind]) await putInForce(admin, kind, inForce[kind]);
  const left = after.has('left');
  const answers: { node: string[]; database: string[] } = { node: [], database: [] };
  // a ratification that is no cycle has no rows
  for (const way of isCycle ? ways : ways.filter(({ begun }) => begun === 'no')) {
    if (way.direction === 'up' && way.begun === 'yes') await begin(admin, { statement, left });
    answers.database.push(refused ?? (await databaseSays(asked, { statement, isCycle }, way)));
    answers.node.push(
      await nodeSays(asked, way, {
        body,
        signatures,
        descriptor,
        left,
        // what was not let in was judged by what was in force then
        inForce: refused === null ? inForce : gated,
        cycle,
        abandoned: after.has('abandoned') ? statement : null,
        revoked: after.has('revoked') ? [{ body: revocation, signatures: [revoking] }] : [],
      }),
    );
  }
  await receive(admin, gated.sealed.seal, '-5 minutes');
  // the next one is asked about as if this one had never been
  await admin.query(sql`delete from gate.abandoned`);
  await forget(admin, [statement, ...forged]);
  // whatever was put in force is replaced by what was
  for (const kind of ['registry', 'policy'] as const)
    if (inForce[kind] !== gated[kind]) await putInForce(admin, kind, gated[kind]);
  return answers;
}

/** A statement that nobody signed is not in the database; a test puts it there, so that both are asked the same. */
async function bypass(admin: Session, of: { readonly statement: string; readonly body: string }): Promise<void> {
  const subject = `sha256:${/"sha256":"([^"]*)"/.exec(of.body)?.[1] ?? ''}`;
  await admin.query(sql`
    insert into gate.statements (digest, kind, subject, body) values (${of.statement}, 'ratification', ${subject}, ${of.body})
      on conflict do nothing`);
}

/** A ratification that is there, in a state: forged, because only what it says and how far it came is asked about. */
async function forgeCycle({ gated, admin }: Asked, { of, begun }: Further): Promise<NamedCycle> {
  const opens =
    of === 'a hold point' ? ({ what: 'tier', tier: '3-barred', cycle: other as never } as const) : undefined;
  const body = await gated.ratification(opens === undefined ? {} : { opens });
  const moved = of === 'another' ? body.replace(/"sha256":"../, '"sha256":"00') : body;
  const statement = statementDigest(moved);
  await bypass(admin, { statement, body: moved });
  if (begun !== 'no') await begin(admin, { statement, left: true });
  if (begun === 'and back')
    for (const table of ['tiers', 'steps', 'markers'])
      await admin
        .query(sql`set session_replication_role = replica`)
        .then(() =>
          admin.run(`insert into gate.${table} ${backwards[table as keyof typeof backwards]} '${statement}'`),
        );
  await admin.query(sql`set session_replication_role = origin`);
  const seal = `sha256:${/"sha256":"([^"]*)"/.exec(moved)?.[1] ?? ''}` as Digest;
  return { statement, seal, isInPlace: begun === 'yes' };
}

const backwards = {
  tiers: `select statement, 'down', tier, epoch, xid, definers, steps, transaction, path, until, documents, answered from gate.tiers where statement =`,
  steps: `select statement, 'down', tier, n, digest, token, epoch, done_at from gate.steps where statement =`,
  markers: `(statement, direction, tier, epoch, steps, schema_after) select statement, 'down', tier, epoch, steps, schema_after from gate.markers where statement =`,
};

async function forget(admin: Session, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await admin.query(sql`delete from gate.states where statement = ${statement}`);
    await admin.query(sql`delete from gate.markers where statement = ${statement}`);
    await admin.query(sql`delete from gate.steps where statement = ${statement}`);
    await admin.query(sql`delete from gate.tiers where statement = ${statement}`);
  }
}

/** As if the first tier had been committed. The rows are forged, because the gate would not run a tier that is closed. */
async function begin(admin: Session, of: { readonly statement: string; readonly left: boolean }): Promise<void> {
  await admin.query(sql`set session_replication_role = replica`);
  await admin.query(
    sql`insert into gate.tiers (statement, direction, tier, epoch, xid, definers, steps, transaction, path, until, documents)
      values (${of.statement}, 'up', '1-rows', 1, pg_current_xact_id(), gate.definers(), '{}', 'single', '', now(), 1)`,
  );
  await admin.query(
    sql`insert into gate.steps (statement, direction, tier, n, digest, epoch) values (${of.statement}, 'up', '1-rows', 1, '', 1)`,
  );
  await admin.query(sql`insert into gate.markers (statement, direction, tier, epoch, steps, schema_after)
    values (${of.statement}, 'up', '1-rows', 1, 1, null)`);
  if (of.left) await admin.query(sql`insert into gate.states values (${of.statement}, '{}', '[]')`);
  await admin.query(sql`set session_replication_role = origin`);
}

async function databaseSays(
  { executor }: Asked,
  { statement, isCycle }: { readonly statement: string; readonly isCycle: boolean },
  way: Way,
): Promise<string> {
  const { direction, begun } = way;
  const [row] = await executor.query<{ why: string | null }>(
    sql`select gate.why_closed(${statement}, ${direction}) as why`,
  );
  if (row?.why != null) return codeOf(`gate: ${row.why}`);
  // the gate finds it by itself; it is never entered with
  if (!isCycle) return 'OPEN';
  // nothing to go back: there is no tier whose schema could be asked for
  if (direction === 'down' && begun === 'no') return 'OPEN';
  const tier = direction === 'up' && begun === 'yes' ? '2-table' : '1-rows';
  await executor.query(sql`begin`);
  const why = await tried(
    executor.query(
      sql`select gate.enter_tier(${statement}, ${direction}, ${tier}, gate.begin_attempt(${statement}, ${direction}))`,
    ),
  );
  await executor.query(sql`rollback`);
  return why ?? 'OPEN';
}

async function nodeSays(
  { gated, admin, facts }: Asked,
  { direction, begun }: Way,
  known: {
    readonly body: string;
    readonly signatures: readonly Signature[];
    readonly descriptor: TargetDescriptor;
    readonly left: boolean;
    readonly inForce: { readonly policy: Policy; readonly registry: Registry };
    readonly cycle: NamedCycle | null;
    readonly abandoned: StatementDigest | null;
    readonly revoked: readonly { readonly body: string; readonly signatures: readonly Signature[] }[];
  },
): Promise<string> {
  const { body, descriptor, inForce } = known;
  const received = await admin.query<{ signature: string; at: string }>(sql`
    select '\\x' || encode(signature, 'hex') as signature, to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from gate.signatures where statement = ${statementDigest(body)}`);
  const { evidence = [], rehearsedAt } = (JSON.parse(body) as { predicate: Partial<Ratification> }).predicate;
  const now = at(0);
  const verdict = decide({
    now,
    body,
    signatures: known.signatures.map((one) => ({
      ...one,
      receivedAt: (received.find(({ signature }) => signature === hex(one.signature))?.at ?? now) as Instant,
    })),
    sealed: gated.sealed,
    ...inForce,
    target: {
      descriptor,
      inclusion: { index: 0, proof: [] },
      live: facts.facts,
      drift: known.left && begun === 'yes' ? [{ object: 'table: x.y', property: null, expected: {}, found: null }] : [],
    },
    revocations: known.revoked,
    firstSeen: (await readReceived(admin, gated.sealed.seal)).firstSeen,
    abandoned: known.abandoned,
    evidence: evidence.map(({ kind, digest: name }) => ({
      kind,
      digest: name,
      seal: gated.sealed.seal,
      outcome: 'passed',
      rehearsal: { at: rehearsedAt as Instant, schema: descriptor.schema },
    })),
    direction,
    cycle: known.cycle,
    begun:
      begun === 'yes'
        ? { policies: [gated.policy, inForce.policy], registries: [gated.registry, inForce.registry] }
        : null,
  });
  if (verdict.decision === 'OPEN') return 'OPEN';
  // what the schema has to be for a rollback that has not begun is asked by nobody: there is nothing to do
  return verdict.reason.code === 'schema' && direction === 'down' && begun === 'no' ? 'OPEN' : verdict.reason.code;
}
