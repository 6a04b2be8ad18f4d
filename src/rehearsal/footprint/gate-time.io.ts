import { type Session, type Sql, sql } from '../../database/index.ts';
import { type Anchors, type FootprintPoint } from '../../fingerprint/index.ts';
import { type Release } from '../../release/index.ts';
import { type GateRound } from './gate-time.ts';

/** The parameters of the checks of a clone's gate. */
interface GateKind {
  /** The policy in force compares the whole schema, not only what the release depends on: once in each tier. */
  readonly isWhole: boolean;
  /** It compares what the transaction has locked. */
  readonly looksAtLocks: boolean;
  /** It leaves out at COMMIT what the transaction cannot have changed since; an older one makes every check again. */
  readonly leavesOut: boolean;
}

/** Sessions that have asked a gate before: a rollout plans its queries when it enters the tier, before it holds a lock. */
const known = new WeakMap<Session, GateKind>();

type Round = GateRound & { readonly objects: Readonly<Record<string, string>> };

/**
 * Makes the checks of a clone's gate once, and times them: by the functions that it calls at the end of a transaction, in the state that this transaction
 * has just committed, in a session of their own. So nothing is added to the transaction that is rehearsed, and no plan of the twin's is used.
 * Whether the statement is open, and what the comparison writes, is left out: both need a ratification.
 */
export async function timeGate(
  reading: Session,
  of: { readonly anchors: Anchors; readonly at: FootprintPoint; readonly allows: Release['allows'] },
): Promise<Round> {
  const asked = known.get(reading);
  const kind = asked ?? (await kindOf(reading));
  if (asked === undefined) await ask(reading, { ...of, kind });
  known.set(reading, kind);
  return await ask(reading, { ...of, kind });
}

async function ask(
  reading: Session,
  { anchors, at, allows, kind }: Parameters<typeof timeGate>[1] & { readonly kind: GateKind },
): Promise<Round> {
  const isWhole = kind.isWhole && at.direction === 'up' && at.step === null;
  const names = JSON.stringify(anchors);
  const look = kind.leavesOut
    ? sql`select l.objects::text as objects, l.inside::text as inside, l.versions as versions from gate.look(${names}::jsonb) l`
    : sql`select l.objects::text as objects, l.inside::text as inside, null as versions from gate.look(${names}::jsonb) l`;
  const waiting = sql`select gate.waiting() as waiting`;
  const ways = allows['definer'] === undefined ? [sql`select gate.definers() as definers`] : [];
  const unharmed = [sql`select gate.intact_digest() as intact`, ...ways];
  // in one transaction and in this order, as in a rollout: each check holds locks on catalogues, and the comparison of locks has to go through them
  await reading.query(sql`begin`);
  const unharmedMs = await timeOf(reading, unharmed);
  const begun = performance.now();
  await reading.query(waiting);
  const [seen] = await reading.query<{ objects: string; inside: string | null; versions: string | null }>(look);
  if (kind.looksAtLocks) await reading.query(sql`select gate.require_inside(${seen?.inside ?? null}::oid[])`);
  const leaveMs = performance.now() - begun;
  const again = kind.leavesOut
    ? [
        sql`select gate.own_changes()::text as changes`,
        sql`select l.versions as versions from gate.look(${names}::jsonb, ${seen?.versions ?? null}) l`,
      ]
    : [...unharmed, look];
  const commitMs = await timeOf(reading, [waiting, ...again]);
  const wholeMs = isWhole ? await timeOf(reading, [sql`select gate.schema_digest() as whole`]) : 0;
  await reading.query(sql`rollback`);
  const objects = JSON.parse(seen?.objects ?? '{}') as Record<string, string>;
  return { objects, leaveMs, unharmedMs, commitMs, wholeMs };
}

async function timeOf(reading: Session, queries: readonly Sql[]): Promise<number> {
  const begun = performance.now();
  for (const query of queries) await reading.query(query);
  return performance.now() - begun;
}

/** A gate may be older or newer than this program. */
async function kindOf(reading: Session): Promise<GateKind> {
  const [row] = await reading.query<{ drift: string | null; locks: string; out: string }>(sql`
    select (gate.active('policy')).body::jsonb ->> 'drift' as drift, (to_regprocedure('gate.require_inside(oid[])') is not null)::text as locks,
      (to_regprocedure('gate.look(jsonb, text)') is not null and to_regprocedure('gate.own_changes()') is not null)::text as out`);
  return {
    isWhole: (row?.drift ?? 'unrelated') !== 'unrelated',
    looksAtLocks: row?.locks === 'true',
    leavesOut: row?.out === 'true',
  };
}
