import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { openObserver, sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { readRows } from '../../src/gate/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { execute, preflight, type RolloutResult, type Verdict, verdictOf } from '../../src/rollout/index.ts';
import { count, seed } from '../counts.ts';
import { runSql, versions } from '../database.io.ts';
import { type Gated, type GatedPlan, registryOf, release, runTier, withGate } from '../gate/cycle.io.ts';
import { clocked, later, ratifyFor, replacing, revoke } from '../gate/purpose.io.ts';
import { type Version } from '../binaries.io.ts';

/** What a target is like when it is asked: each of these is drawn by itself. */
interface State {
  readonly signers: 1 | 2;
  /** How far the cycle is: `step`: in the midst of its first tier. */
  readonly at: 'begin' | 'step' | 'half' | 'whole' | 'half down' | 'all down';
  /** Another ratification, signed after all that. */
  readonly fresh: boolean;
  readonly holdPoint: boolean;
  readonly faults: readonly Fault[];
  readonly direction: Direction;
}
type Fault = keyof typeof faults;

const admin = (gated: Gated, ...texts: readonly string[]): Promise<unknown> => runSql(gated.database, texts);

/** What closes a target, or changes it. */
const faults = {
  revoked: (gated: Gated, cycle: StatementDigest | null) =>
    cycle === null ? null : revoke(gated, cycle, gated.people.ira),
  registry: (gated: Gated) => {
    const next = canonicalJson({ ...registryOf(Object.values(gated.people)), version: 2 });
    const values = `'registry', '${digest('registry', [next])}', '${next}'`;
    return admin(gated, `insert into gate.documents (kind, digest, body) values (${values})`);
  },
  drifted: (gated: Gated) => admin(gated, 'create index stray on public.t (i)'),
  'drifted and back': (gated: Gated) =>
    admin(gated, 'create table public.stray (i integer)', 'drop table public.stray'),
  'not intact': (gated: Gated) => admin(gated, 'grant execute on function gate.attempt() to public'),
  'data gate': (gated: Gated) => admin(gated, 'delete from public.readiness'),
  'a row more': (gated: Gated) => admin(gated, 'insert into public.t values (9)'),
  expired: (gated: Gated) => later(gated.database, '90 minutes'),
  'expired for good': (gated: Gated) => later(gated.database, '5 hours'),
  abandoned: (gated: Gated, cycle: StatementDigest | null) =>
    cycle === null
      ? null
      : admin(gated, `insert into gate.abandoned (seal, statement) values ('${gated.sealed.seal}', '${cycle}')`),
} satisfies Readonly<Record<string, (gated: Gated, cycle: StatementDigest | null) => Promise<unknown> | null>>;

const states: fc.Arbitrary<State> = fc.record({
  signers: fc.constantFrom(2, 2, 2, 1),
  at: fc.constantFrom('begin', 'begin', 'step', 'half', 'whole', 'half down', 'all down'),
  fresh: fc.constantFrom(false, false, true),
  holdPoint: fc.constantFrom(false, false, true),
  faults: fc.subarray(Object.keys(faults) as Fault[], { maxLength: 2 }),
  direction: fc.constantFrom('up', 'up', 'down'),
});

/** A release whose first tier may end in its midst. */
const files = {
  ...release,
  'release.yaml': (release['release.yaml'] ?? '').replace('title: Rows }', 'title: Rows, transaction: each }'),
};

/** Makes the target so; answers the cycle that was begun. */
async function make(gated: Gated, state: State): Promise<void> {
  const { people } = gated;
  await admin(gated, 'insert into public.readiness values (1)');
  const by = [people.ana, people.ben].slice(0, state.at === 'begin' ? state.signers : 2);
  const cycle = await ratifyFor(gated, { what: 'rollout' }, { by });
  const done = ['begin', 'step', 'half', 'whole', 'half down', 'all down'].indexOf(state.at);
  const tier = (direction: Direction, id: string): Promise<void> =>
    gated.as('oneroof_executor', (session) => runTier(session, { gated, statement: cycle, direction, tier: id }));
  if (state.at === 'step') await firstStep(gated, cycle);
  if (done >= 2) await tier('up', '1-rows');
  if (done >= 3) {
    if (state.holdPoint) await ratifyFor(gated, { what: 'tier', tier: '2-table', cycle });
    await tier('up', '2-table');
  }
  if (done >= 4) await tier('down', '2-table');
  if (done >= 5) await tier('down', '1-rows');
  if (state.fresh) await ratifyFor(gated, { what: 'rollout' });
  for (const fault of state.faults) await faults[fault](gated, cycle);
}

/** As a process that is killed after its first step leaves it. */
async function firstStep(gated: Gated, statement: StatementDigest): Promise<void> {
  const [step] = gated.sealed.release.tiers[0]?.up ?? [];
  await gated.as('oneroof_executor', async (session) => {
    const [row] = await session.query<{ epoch: string }>(
      sql`select gate.begin_attempt(${statement}, 'up')::text as epoch`,
    );
    await session.run('begin');
    await session.query(sql`select gate.enter_tier(${statement}, 'up', '1-rows', ${row?.epoch ?? ''}::bigint)`);
    await session.query(sql`select gate.run_step(${statement}, 'up', '1-rows', 1, ${step?.sql ?? ''})`);
    await session.run('commit');
  });
}

/** What the observer is told, without any right but to ask. */
async function look({ sealed, database }: Gated, direction: Direction): Promise<Verdict> {
  const observer = await openObserver({ ...database, user: 'oneroof_observer' }, { applicationName: 'test' });
  try {
    const rows = await observer.snapshot((session) => readRows(session, sealed.seal));
    return verdictOf({ rows }, { sealed, direction });
  } finally {
    await observer.close();
  }
}

const codeOf = (reason: { readonly code: string; readonly facts: object } | undefined): string =>
  reason?.code === 'gate' && 'code' in reason.facts ? String(reason.facts.code) : (reason?.code ?? '');

/** The executor itself, which asks no verdict: only the gate refuses it. */
const raw = ({ sealed, database }: Gated, { statement, direction }: Verdict): Promise<RolloutResult> =>
  execute({
    sealed,
    statement: statement as StatementDigest,
    direction,
    through: null,
    target: { name: 'production', executor: { ...database, user: 'oneroof_executor' } },
    record: async () => undefined,
  });

/** How the look and the button differ in a state; null: they do not. */
async function difference(version: Version, state: State, change?: GatedPlan['change']): Promise<string | null> {
  const holdPoints = state.holdPoint ? [{ before: '2-table', seats: [{ level: 4, device: 'any' as const }] }] : [];
  const plan = clocked({ files, policy: { holdPoints }, ...(change === undefined ? {} : { change }) });
  return await withGate(version, plan, async (gated) => {
    const { database, sealed } = gated;
    await admin(
      gated,
      `do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$`,
    );
    await make(gated, state);
    const seen = await look(gated, state.direction);
    const executor = { ...database, user: 'oneroof_executor' };
    const { verdict } = await preflight({ sealed, executor, direction: state.direction });
    const essence = ({ decision, statement, runs, reasons, stops }: Verdict) =>
      JSON.stringify({ decision, statement, runs, stops, reasons: reasons.map(codeOf) });
    if (essence(seen) !== essence(verdict))
      return `the observer sees ${essence(seen)}, the executor ${essence(verdict)}`;
    const first = codeOf(seen.reasons[0]);
    // the rules of the gate itself do not ask these before a tier: the command does
    const isOurs =
      first === 'invariant' || (seen.decision === 'NO-GO' && seen.progress.markers.length > 0 && first === 'abandoned');
    if (seen.statement === null || isOurs) return null;
    const pressed = await raw(gated, seen);
    const done = pressed.result === 'nothing-to-do' ? [] : pressed.tiers;
    const held = pressed.result === 'held' ? codeOf(pressed.reasons[0]) : null;
    const said = seen.decision === 'NO-GO' ? first : seen.stops === null ? null : codeOf(seen.stops.reason);
    // that nothing is left the executor knows from the markers; that it is gone again, only the verdict
    const isGone = pressed.result === 'nothing-to-do' && seen.decision === 'NO-GO';
    if (isGone || (held === 'way-back-begun' && seen.decision === 'NO-GO')) return null;
    // what holds after the steps only the steps show, and the look says that it has not asked it
    if (seen.decision === 'GO' && held !== null && seen.notAsked.includes(held)) return null;
    const [told, found] = [`${seen.runs.join()} ${said}`, `${done.join()} ${held}`];
    return told === found ? null : `the look says ${told}, and the button does ${found}: ${essence(seen)}`;
  });
}

describe.each(versions)('the verdict on PostgreSQL %s', (version) => {
  it('says exactly what the button then does, in any state of the target', { timeout: 3_600_000 }, async () => {
    const property = fc.asyncProperty(states, async (state) => {
      expect(await difference(version, state), JSON.stringify(state)).toBeNull();
    });
    await fc.assert(property, { seed, numRuns: count('verdicts'), endOnFailure: true });
  });
});

describe('the property', () => {
  const sound: State = { signers: 2, at: 'begin', fresh: false, holdPoint: false, faults: [], direction: 'up' };
  it.each([
    ['the schema', 'drifted', ["array['drift', 'intact']", "array['intact']"]],
    ['the gate itself', 'not intact', ["array['drift', 'intact']", "array['drift']"]],
    ['whether it is open', 'revoked', ["array['cycle', 'open', ", "array['cycle', "]],
    ['the data gates', 'data gate', ["where g ->> 'before' = one.id loop", 'where false loop']],
  ] as const)('finds a look that does not ask for %s', { timeout: 120_000 }, async (_what, fault, [from, to]) => {
    const [version = '18'] = versions;
    const found = await difference(version, { ...sound, faults: [fault] }, replacing([from, to]));
    expect(found).toMatch(/^the look says/);
  });

  it('finds nothing where nothing is switched off', { timeout: 120_000 }, async () => {
    expect(await difference(versions[0] ?? '18', sound)).toBeNull();
  });
});
