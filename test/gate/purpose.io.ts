import { canonicalJson, digest } from '../../src/core/index.ts';
import { type Connection, type Session, sql } from '../../src/database/index.ts';
import { type StatementDigest, writeStatement } from '../../src/evidence/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { type Opens, type Ratification } from '../../src/people/index.ts';
import { runSql } from '../database.io.ts';
import { assertion, type Gated, type GatedPlan, type Signer } from './cycle.io.ts';

/** The steps of the first tier of the usual release. */
export const rows = ['insert into t values (2)', 'insert into t values (3)'] as const;
const executor = 'oneroof_executor';

/** Replaces parts of the SQL that installs a gate; each must be there. */
export function replacing(...parts: readonly (readonly [from: string, to: string])[]): (text: string) => string {
  return (text) =>
    parts.reduce((changed, [from, to]) => {
      if (!changed.includes(from)) throw new Error(`the gate's SQL does not hold: ${from}`);
      return changed.replaceAll(from, () => to);
    }, text);
}

const moved = `clock_timestamp() + coalesce((select s.by from public.shift s), interval '0')`;
const aged = `clock_timestamp() + coalesce((select s.age from public.shift s), interval '0')`;
const clock = replacing(
  ['moment timestamptz := clock_timestamp()', `moment timestamptz := ${moved}`],
  ['if (clock_timestamp() <= t.until', `if (${moved} <= t.until`],
  // its table is none of the application's
  [
    "and n.nspname not in ('pg_catalog', 'information_schema', 'gate', 'pg_toast')",
    "and o.relname <> 'shift' and n.nspname not in ('pg_catalog', 'information_schema', 'gate', 'pg_toast')",
  ],
  ['if (clock_timestamp() - transaction_timestamp()', `if (${aged} - transaction_timestamp()`],
);

/** A gate whose clock a test moves by `later`: else it would have to wait, and the machine may be slow. */
export function clocked(plan: GatedPlan = {}): GatedPlan {
  const { application = [], change = (text) => text } = plan;
  return {
    ...plan,
    application: [
      ...application,
      'create table public.shift (by interval, age interval)',
      'grant select on public.shift to public',
    ],
    change: (text) => change(clock(text)),
  };
}

/** Moves the gate's clock on; the transactions that are open grow older by `age` alone. */
export async function later(database: Connection, by: string, age = '0'): Promise<void> {
  await runSql(database, [`delete from public.shift`, `insert into public.shift values ('${by}', '${age}')`]);
}

/** Has a ratification signed that opens this. */
export async function ratifyFor(
  gated: Gated,
  opens: Opens,
  of: { readonly by?: readonly Signer[]; readonly more?: Partial<Ratification> } = {},
): Promise<StatementDigest> {
  const { ana, ben } = gated.people;
  return gated.ratify(await gated.ratification({ opens, ...of.more }), of.by ?? [ana, ben]);
}

/** The bytes of a revocation. */
export function revocationOf(statement: string, reason = 'wrong owners'): string {
  return writeStatement({
    kind: 'revocation',
    subject: { name: 'small', digest: statement },
    predicate: { reason, nonce: 'f'.repeat(32) },
  });
}

/** One enrolled person revokes a statement. */
export async function revoke(gated: Gated, statement: string, by: Signer): Promise<void> {
  const body = revocationOf(statement);
  await gated.as('oneroof_relay', (relay) => submitSignature(relay, body, assertion(by, body)));
}

/** A change of policy or registry that follows the first document of its kind, as it is in the gate. */
export function changeOf(
  gated: Gated,
  kind: 'registry' | 'policy',
  of: {
    readonly document: unknown;
    readonly follows?: unknown;
    readonly number?: number;
    readonly from?: number;
    readonly until?: number;
  },
): { readonly body: string; readonly text: string } {
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const text = canonicalJson(of.document);
  const predicate = {
    previous: digest(kind, [canonicalJson(of.follows ?? gated[kind])]),
    number: of.number ?? 1,
    notBefore: at(of.from ?? -60_000),
    expires: at(of.until ?? 3_600_000),
    nonce: 'a'.repeat(32),
  };
  const version = (of.document as { readonly version?: number }).version;
  const body = writeStatement({
    kind,
    subject: { name: kind, digest: digest(kind, [text]) },
    predicate: kind === 'registry' ? { version, ...predicate } : predicate,
  });
  return { body, text };
}

/** Signs a statement and hands the signatures in. */
export async function sign(gated: Gated, body: string, by: readonly Signer[]): Promise<void> {
  await gated.as('oneroof_relay', async (relay) => {
    for (const one of by) await submitSignature(relay, body, assertion(one, body));
  });
}

/** Puts a document in force. */
export async function accept(gated: Gated, kind: 'registry' | 'policy', text: string): Promise<void> {
  await gated.as('oneroof_relay', (relay) => relay.query(sql`select gate.accept(${kind}, ${text})`));
}

/** What a session of the executor does by hand, call by call. */
export interface Attempt {
  readonly session: Session;
  begin(): Promise<void>;
  enter(): Promise<void>;
  step(n: number, text?: string): Promise<void>;
  leave(): Promise<void>;
  commit(): Promise<void>;
}

/** An attempt on a tier; the calls are made by hand. */
export async function attemptOn(
  gated: Gated,
  of: { readonly statement: string; readonly direction?: 'up' | 'down'; readonly tier?: string },
  use: (attempt: Attempt) => Promise<void>,
): Promise<void> {
  const { statement, direction = 'up', tier = '1-rows' } = of;
  await gated.as(executor, async (session) => {
    const [row] = await session.query<{ epoch: string }>(
      sql`select gate.begin_attempt(${statement}, ${direction})::text as epoch`,
    );
    const epoch = row?.epoch ?? '0';
    await use({
      session,
      begin: async () => void (await session.query(sql`begin`)),
      enter: async () =>
        void (await session.query(sql`select gate.enter_tier(${statement}, ${direction}, ${tier}, ${epoch}::bigint)`)),
      step: async (n, text = rows[n - 1]) =>
        void (await session.query(
          sql`select gate.run_step(${statement}, ${direction}, ${tier}, ${n}::integer, ${text ?? ''})`,
        )),
      leave: async () =>
        void (await session.query(sql`select gate.leave_tier(${statement}, ${direction}, ${tier}, ${epoch}::bigint)`)),
      commit: async () => void (await session.query(sql`commit`)),
    });
  });
}
