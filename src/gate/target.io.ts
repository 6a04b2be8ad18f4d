import { canonicalJson, type Digest, type Instant, OneRoofError, stated } from '../core/index.ts';
import { describe, type Session, sql, type Sql } from '../database/index.ts';
import { type Direction, type SealedRelease, sealDocument } from '../release/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type BatchedStep, type CycleCheck, type CycleRow, type CycleRows, type GateRows } from './rows.ts';
import { type Signature, type TargetDescriptor, type TierRows } from '../people/index.ts';
import { readRefusal, type Refusal } from './refusal.ts';

/** What the gate of a database says of itself. */
export interface GateFacts {
  readonly version: number;
  readonly facts: Omit<TargetDescriptor, 'schema' | 'format'>;
  /** Canonical documents. */
  readonly registry: string;
  readonly policy: string;
  /** How many there were of each, with the one in force. */
  readonly numbers: { readonly registry: number; readonly policy: number };
  readonly schema: string;
}

/**
 * Asks the gate of a database who it is and which documents are active.
 *
 * Errors  ROLLOUT_READ_ONLY: a standby has no timeline of its own, so nothing can be ratified for it.
 */
export async function describeGate(session: Session): Promise<GateFacts> {
  const [row] = await session.query<{ d: string }>(sql`select gate.describe()::text as d`);
  const found = JSON.parse(row?.d ?? '{}') as GateFacts;
  if (found.facts.timeline === null)
    throw new OneRoofError('ROLLOUT_READ_ONLY', {
      ...stated`${{ connection: describe(session.connection) }} is a standby, but people sign for the primary`,
      fix: 'give the address of the primary',
    });
  return found;
}

/** All ratifications, newest first. */
export async function readCycles(session: Pick<Session, 'query'>): Promise<readonly CycleRow[]> {
  const rows = await session.query<{ cycle: string }>(sql`
    select json_build_object('statement', statement, 'seal', seal, 'opens', opens, 'persons', coalesce(persons, '{}'),
      'closed', json_build_object('up', closed_up, 'down', closed_down), 'next', json_build_object('up', next_up, 'down', next_down),
      'done', done)::text as cycle from gate.status()`);
  return rows.map(({ cycle }) => {
    const { closed, ...said } = JSON.parse(cycle) as Omit<CycleRow, 'closed'> & {
      closed: Record<Direction, string | null>;
    };
    return { ...said, closed: { up: asRefusal(closed.up), down: asRefusal(closed.down) } };
  });
}

const asRefusal = (text: string | null): Refusal | null => (text === null ? null : readRefusal(text));

/** The ratifications of one seal with their steps, newest first, to whoever may read steps: the observer and the executor. */
export async function readCyclesOf(session: Pick<Session, 'query'>, seal: string): Promise<readonly CycleRows[]> {
  const cycles: CycleRows[] = [];
  for (const cycle of await readCycles(session)) {
    if (cycle.seal !== seal) continue;
    const steps = await session.query<{ direction: Direction; tier: string; n: string }>(
      sql`select direction, tier, n::text as n from gate.steps_of(${cycle.statement})`,
    );
    const batches = await readBatches(session, cycle.statement);
    const rows = {
      ...cycle,
      steps: steps.map((step) => ({ ...step, n: Number(step.n) })),
      ...(batches.length === 0 ? {} : { batches }),
    };
    cycles.push(cycle.opens.what === 'rollout' ? { ...rows, checked: await readChecked(session, cycle) } : rows);
  }
  return cycles;
}

/** How far the steps of a cycle that run in batches are. */
export async function readBatches(
  session: Pick<Session, 'query'>,
  statement: StatementDigest,
): Promise<readonly BatchedStep[]> {
  const [row] = await session.query<{ batches: string }>(
    sql`select coalesce(pg_catalog.json_agg(b), '[]')::text as batches from gate.batches_of(${statement}) b`,
  );
  return JSON.parse(row?.batches ?? '[]') as readonly BatchedStep[];
}

/** Asks the gate for all that a rollout, and a rollback, of one cycle would meet. */
async function readChecked(
  session: Pick<Session, 'query'>,
  { statement }: CycleRow,
): Promise<NonNullable<CycleRows['checked']>> {
  const [row] = await session.query<{ up: string; down: string }>(
    sql`select gate.verdict(${statement}, 'up')::text as up, gate.verdict(${statement}, 'down')::text as down`,
  );
  const read = (text = '{}'): CycleCheck => {
    const said = JSON.parse(text) as Omit<CycleCheck, 'closed'> & {
      readonly closed: readonly { readonly tier: string | null; readonly why: string }[];
    };
    return { ...said, closed: said.closed.map(({ tier, why }) => ({ tier, why: readRefusal(why) })) };
  };
  return { up: read(row?.up), down: read(row?.down) };
}

/** What the gate says of one release by its own rows. */
export async function readRows(
  session: Pick<Session, 'query'>,
  seal: string,
): Promise<Extract<GateRows, { state: 'read' }>> {
  const cycles = await readCyclesOf(session, seal);
  const [row] = await session.query<{ schema: string }>(sql`select gate.schema_digest() as schema`);
  return { state: 'read', schema: row?.schema ?? '', cycles };
}

/** What the quorum signs, as the database sees it now. */
interface OfQuorum<Kind extends string> {
  readonly statement: StatementDigest;
  readonly kind: Kind;
  /** The digest of the next document; the seal that is abandoned; the digest of the gate's account of itself, which is adopted. */
  readonly subject: string;
  readonly persons: readonly string[];
  /** Who signed it and has withdrawn that; no one can sign one statement twice. */
  readonly withdrawn: readonly string[];
  /** What the quorum lacks; null: it is there. */
  readonly missing: Refusal | null;
}
/** A next registry or policy. */
export type Change = OfQuorum<'registry' | 'policy'>;
/** An end of something that is stuck. */
export type Ending = OfQuorum<'abandonment' | 'adoption'>;

async function readOfQuorum<Kind extends string>(
  session: Pick<Session, 'query'>,
  from: Sql,
): Promise<readonly OfQuorum<Kind>[]> {
  const rows = await session.query<{ found: string }>(sql`
    select json_build_object('statement', statement, 'kind', kind, 'subject', subject, 'persons', coalesce(persons, '{}'),
      'withdrawn', withdrawn, 'missing', missing)::text as found from ${from}`);
  return rows.map(({ found }) => {
    const { missing, ...said } = JSON.parse(found) as Omit<OfQuorum<Kind>, 'missing'> & { missing: string | null };
    return { ...said, missing: asRefusal(missing) };
  });
}

/** All changes that would follow what is in force and have not expired, newest first. */
export async function readRuleChanges(session: Pick<Session, 'query'>): Promise<readonly Change[]> {
  return await readOfQuorum(session, sql`gate.changes()`);
}

/** All abandonments and adoptions that are of the database as it is now and have not expired, newest first. */
export async function readEndings(session: Pick<Session, 'query'>): Promise<readonly Ending[]> {
  return await readOfQuorum(session, sql`gate.endings()`);
}

/** Puts the next registry or policy in force; the database asks for the quorum. */
export async function acceptDocument(
  session: Session,
  { kind, document }: { readonly kind: Change['kind']; readonly document: string },
): Promise<void> {
  await session.query(sql`select gate.accept(${kind}, ${document})`);
}

/** The bytes of a statement that the database holds; null where it holds none of this digest. */
export async function readStatementBody(
  session: Pick<Session, 'query'>,
  statement: StatementDigest,
): Promise<string | null> {
  const [row] = await session.query<{ body: string | null }>(sql`select gate.statement_body(${statement}) as body`);
  return row?.body ?? null;
}

/** Hands in a sealed release, with the text of its metrics and checks. */
export async function submitRelease(session: Session, sealed: SealedRelease): Promise<void> {
  const { tiers, metrics } = sealed.release;
  const steps = [...metrics.map(({ query }) => query), ...tiers.flatMap(({ check }) => check)];
  const queries = Object.fromEntries(steps.map((step) => [step.digest, step.sql]));
  const document = canonicalJson(sealDocument(sealed.release));
  await session.query(sql`select gate.submit_release(${document}, ${JSON.stringify(queries)}::jsonb)`);
}

/** When a database first received a release, null where it never did; and its clock. */
export interface Received {
  readonly firstSeen: Instant | null;
  readonly now: Instant;
}

/** Asks a database since when it has had a sealed release. */
export async function readReceived(session: Pick<Session, 'query'>, seal: string): Promise<Received> {
  const [row] = await session.query<{ received: string }>(sql`select gate.received(${seal})::text as received`);
  return JSON.parse(row?.received ?? '{"firstSeen":null}') as Received;
}

/** Hands in one signature over a statement; the database checks it. */
export async function submitSignature(session: Session, body: string, signature: Signature): Promise<StatementDigest> {
  const hex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`;
  const [row] = await session.query<{ statement: StatementDigest }>(sql`
    select gate.submit(${body}, ${signature.credential}, ${hex(signature.authenticatorData)}::bytea,
      ${hex(signature.clientDataJSON)}::bytea, ${hex(signature.signature)}::bytea) as statement`);
  return row?.statement as StatementDigest;
}

/** Hands in this database's own leaf of what a ratification names; the proof leads from the leaf to the root. */
export async function submitTarget(
  session: Session,
  of: {
    readonly statement: StatementDigest;
    readonly descriptor: TargetDescriptor;
    readonly place: number;
    readonly proof: readonly Uint8Array[];
  },
): Promise<void> {
  const proof = of.proof.map((node) => `\\x${Buffer.from(node).toString('hex')}`);
  await session.query(
    sql`select gate.submit_target(${of.statement}, ${canonicalJson(of.descriptor)}, ${of.place}::bigint, ${proof}::bytea[])`,
  );
}

/** What is there of a release in this database: each tier that was entered, in each direction. */
export async function readTierRows(session: Pick<Session, 'query'>, seal: Digest): Promise<readonly TierRows[]> {
  const [row] = await session.query<{ rows: string }>(sql`select gate.rows_of(${seal})::text as rows`);
  return JSON.parse(row?.rows ?? '[]') as readonly TierRows[];
}

/** What the gate says of itself: the subject of an adoption is the digest of these bytes. */
export interface DatabaseAccount {
  readonly facts: GateFacts['facts'];
  readonly documents: readonly { readonly kind: 'registry' | 'policy'; readonly digest: Digest }[];
  readonly abandoned: readonly string[];
  readonly rows: readonly TierRows[];
}

/** The gate's account of itself, and the revocations that it holds. */
export async function readAccount(
  session: Pick<Session, 'query'>,
): Promise<{ readonly account: DatabaseAccount; readonly revocations: readonly string[] }> {
  const [row] = await session.query<{ account: string; revocations: string }>(sql`
    select gate.account()::text as account, (select coalesce(json_agg(r), '[]')::text from gate.revocations() r) as revocations`);
  return {
    account: JSON.parse(row?.account ?? '{}') as DatabaseAccount,
    revocations: JSON.parse(row?.revocations ?? '[]') as readonly string[],
  };
}

/** Ends a release as it is; the database asks for the quorum. */
export async function acceptAbandonment(session: Session, statement: StatementDigest): Promise<void> {
  await session.query(sql`select gate.abandon(${statement})`);
}

/** Takes this database as the target from now on; answers the incarnation that was drawn. The database asks for the quorum. */
export async function acceptAdoption(session: Session, statement: StatementDigest): Promise<string> {
  const [row] = await session.query<{ incarnation: string }>(sql`select gate.adopt(${statement})::text as incarnation`);
  return row?.incarnation ?? '';
}
