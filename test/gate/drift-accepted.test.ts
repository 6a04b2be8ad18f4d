import { describe, expect, it } from 'vitest';
import { canonicalJson, digest, type Instant } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { type DriftDifference, type Footprint } from '../../src/fingerprint/index.ts';
import { readDrift, submitFootprint } from '../../src/gate/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { newest, versions } from '../database.io.ts';
import { type Gated, type GatedPlan, type Signer, withGate } from './cycle.io.ts';
import { application, asOwner, filesOf, footprintOf, ratifyDrifting, tierWith, used } from './drift-application.io.ts';
import { note } from './footprint.io.ts';
import { clocked, later, replacing, revoke } from './purpose.io.ts';

const plan: GatedPlan = { files: filesOf()!, application };
const time = { timeout: 120_000 };
const tiers = ['1-rows', '2-column'] as const;

const refusalOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'done',
    (error: unknown) => String(error),
  );

/** A release that is rolled out, and whose objects others change then. */
async function withDrift<T>(
  version: (typeof versions)[number],
  of: { readonly plan?: GatedPlan; readonly drift: readonly string[]; readonly reads?: readonly string[] },
  use: (gated: Gated, cycle: StatementDigest) => Promise<T>,
): Promise<T> {
  return await withGate(version, of.plan ?? plan, async (gated) => {
    const footprint = await footprintOf(gated, [...used, ...(of.reads ?? [])]);
    const cycle = (await ratifyDrifting(gated, footprint)) as StatementDigest;
    for (const tier of tiers) await tierWith(gated, { statement: cycle, tier });
    await asOwner(gated, of.drift);
    return await use(gated, cycle);
  });
}

const driftOf = (gated: Gated, statement: StatementDigest): Promise<readonly DriftDifference[]> =>
  gated.as('oneroof_observer', (session) => readDrift(session, { statement, direction: 'down' }));

/** People sign what a rollback accepts. */
async function accept(
  gated: Gated,
  cycle: StatementDigest,
  of: { readonly accepts: readonly DriftDifference[]; readonly by?: readonly Signer[]; readonly expires?: number },
): Promise<StatementDigest> {
  const schema = note({ format: 1, accepts: of.accepts });
  const expires = new Date(Date.now() + (of.expires ?? 3_600_000)).toISOString() as Instant;
  const body = await gated.ratification({ opens: { what: 'rollback', cycle }, expires }, { schema });
  return await gated.ratify(body, of.by ?? [gated.people.ana, gated.people.ben]);
}

const undo = (gated: Gated, statement: string, tier: string): Promise<string> =>
  refusalOf(tierWith(gated, { statement, direction: 'down', tier }));

const night = [
  'create index by_hand on orders (said)',
  `comment on table quiet is 'x'`,
  `create or replace function say(integer) returns text language plpgsql as $f$begin return 'other'; end$f$`,
];

describe.each(versions)('a rollback after others changed what it depends on, on PostgreSQL %s', (version) => {
  it('is closed, and opens where people signed exactly these differences', time, () =>
    withDrift(version, { drift: night }, async (gated, cycle) => {
      const found = await driftOf(gated, cycle);
      expect(found.map(({ object, property }) => [object, property])).toEqual([
        ['function: public.say(integer)', 'source'],
        ['index: public.by_hand', null],
        ['table: public.quiet', 'comment'],
      ]);
      expect(await undo(gated, cycle, '2-column')).toContain(
        `gate: schema: function public.say(integer): source is begin return 'other'; end; in rehearsal it was begin return 'good'; end; index public.by_hand did not exist in rehearsal; table public.quiet: comment is x; in rehearsal it was nothing`,
      );
      await accept(gated, cycle, { accepts: found.slice(1) });
      expect(await undo(gated, cycle, '2-column')).toMatch(/gate: schema: function public\.say\(integer\): source/);
      await accept(gated, cycle, { accepts: found });
      expect(await driftOf(gated, cycle)).toEqual([]);
      // it is nothing that one of them accepted: not another value, not another object
      for (const [change, back, why] of [
        [`comment on table quiet is 'y'`, `comment on table quiet is 'x'`, 'table public.quiet: comment is y'],
        [`comment on table parts is 'x'`, 'comment on table parts is null', 'table public.parts: comment is x'],
        ['create index by_hand_2 on orders (said)', 'drop index by_hand_2', 'index public.by_hand_2 did not exist'],
        ['alter index by_hand set (fillfactor = 50)', 'alter index by_hand reset (fillfactor)', 'index public.by_hand'],
      ] as const) {
        await asOwner(gated, [change]);
        expect(await undo(gated, cycle, '2-column')).toContain(why);
        await asOwner(gated, [back]);
      }
      // it may vanish
      await asOwner(gated, ['drop index by_hand']);
      expect(await undo(gated, cycle, '2-column')).toBe('done');
      // what others change now is nothing that anybody accepted, and the next tier goes on with what was
      await asOwner(gated, ['create index by_hand_3 on orders (said)']);
      expect(await undo(gated, cycle, '1-rows')).toContain('index public.by_hand_3 did not exist');
      await asOwner(gated, ['drop index by_hand_3']);
      expect(await undo(gated, cycle, '1-rows')).toBe('done');
    }),
  );

  it('goes on when what accepted it has expired after its first tier, and not where it expired before', time, () =>
    withDrift(version, { plan: clocked(plan), drift: night, reads: ['shift'] }, async (gated, cycle) => {
      const accepts = await driftOf(gated, cycle);
      await accept(gated, cycle, { accepts, expires: 600_000 });
      await later(gated.database, '11 minutes');
      expect(await undo(gated, cycle, '2-column')).toContain('gate: schema: function public.say(integer)');
      await later(gated.database, '0');
      expect(await undo(gated, cycle, '2-column')).toBe('done');
      await later(gated.database, '11 minutes');
      expect(await undo(gated, cycle, '1-rows')).toBe('done');
    }),
  );

  it('stays closed without the seats, for another cycle, and for a rollout', time, () =>
    withGate(version, plan, async (gated) => {
      const { ana, ben } = gated.people;
      const cycle = (await ratifyDrifting(gated)) as StatementDigest;
      await tierWith(gated, { statement: cycle });
      await asOwner(gated, night);
      const accepts = await driftOf(gated, cycle);
      const other = (await ratifyDrifting(gated)) as StatementDigest;
      await accept(gated, other, { accepts });
      await accept(gated, cycle, { accepts, by: [ana] });
      expect(await undo(gated, cycle, '1-rows')).toContain('gate: schema: function public.say(integer)');
      await accept(gated, cycle, { accepts, by: [ana, ben] });
      const up = await refusalOf(tierWith(gated, { statement: cycle, tier: '2-column' }));
      expect(up).toContain('gate: schema: function public.say(integer)');
      expect(await undo(gated, cycle, '1-rows')).toBe('done');
    }),
  );
});

describe.each(newest)('what a rollback accepts on PostgreSQL %s', (version) => {
  it('is taken from open statements of its own cycle alone: without these checks it is not', time, async () => {
    const off = replacing([
      `and gate.may(h.digest, 'down', 'carry-on') and h.body::jsonb #>> '{predicate,opens,cycle}' = s.digest and o.reason is null`,
      `and gate.may(h.digest, 'down', 'carry-on')`,
    ]);
    await withDrift(version, { plan: { ...plan, change: off }, drift: night }, async (gated, cycle) => {
      const accepts = await driftOf(gated, cycle);
      await accept(gated, cycle, { accepts, by: [gated.people.ana] });
      expect(await undo(gated, cycle, '2-column')).toBe('done');
    });
  });

  it('is no more accepted where a person has revoked it before it was used', time, () =>
    withDrift(version, { drift: night }, async (gated, cycle) => {
      const statement = await accept(gated, cycle, { accepts: await driftOf(gated, cycle) });
      expect(await driftOf(gated, cycle)).toEqual([]);
      await revoke(gated, statement, gated.people.ana);
      expect(await undo(gated, cycle, '2-column')).toContain('gate: schema: function public.say(integer)');
      // the rollback itself is closed by no revocation
      await asOwner(gated, [
        'drop index by_hand',
        'comment on table quiet is null',
        `create or replace function say(integer) returns text language plpgsql as $f$begin return 'good'; end$f$`,
      ]);
      await revoke(gated, cycle, gated.people.ana);
      expect(await undo(gated, cycle, '2-column')).toBe('done');
    }),
  );

  it('and a footprint are refused where they are malformed, too large or not canonical', time, () =>
    withGate(version, plan, async (gated) => {
      const footprint = await footprintOf(gated);
      const submit = (text: string): Promise<string> =>
        gated.as('oneroof_relay', (session) => refusalOf(session.query(sql`select gate.submit_footprint(${text})`)));
      const bent = (change: (one: Record<string, unknown>) => void): string => {
        const copy = structuredClone(footprint) as unknown as Record<string, unknown>;
        change(copy);
        return canonicalJson(copy as unknown as Footprint);
      };
      const one = { object: 'table: public.t', property: null, expected: null, found: {} };
      const lists: readonly (readonly [string, string])[] = [
        ['null', 'footprint'],
        ['[]', 'footprint'],
        ['{}', 'footprint'],
        ['{"accepts":[],"format":2}', 'footprint'],
        ['{"accepts":{},"format":1}', 'footprint'],
        ['{"accepts":[null],"format":1}', 'footprint'],
        ['{"accepts":[],"format":1,"more":1}', 'footprint'],
        ['{"format":1,"accepts":[]}', 'canonical'],
        ['{"accepts": [],"format":1}', 'canonical'],
        [canonicalJson({ format: 1, accepts: [{ ...one, object: 1 }] } as never), 'footprint'],
        [canonicalJson({ format: 1, accepts: [{ ...one, property: 1 }] } as never), 'footprint'],
        [
          canonicalJson({ format: 1, accepts: [{ object: 'a', property: null, expected: null }] } as never),
          'footprint',
        ],
        [bent((f) => (f['format'] = '1')), 'footprint'],
        [bent((f) => delete f['varies']), 'footprint'],
        [bent((f) => (f['varies'] = [1])), 'footprint'],
        [bent((f) => (f['whole'] = 'sha256:1')), 'footprint'],
        [bent((f) => (f['before'] = [])), 'footprint'],
        [bent((f) => (f['before'] = { a: null })), 'footprint'],
        [bent((f) => (f['before'] = { a: 'no JSON' })), 'footprint'],
        [bent((f) => (f['after'] = {})), 'footprint'],
        [bent((f) => (f['after'] = [{ direction: 'up', tier: 'x', step: 0, changes: {} }])), 'footprint'],
        [bent((f) => (f['after'] = [{ direction: 'on', tier: '1-rows', step: null, changes: {} }])), 'footprint'],
        [bent((f) => (f['after'] = [{ direction: 'up', tier: '1-rows', step: null, changes: { a: 1 } }])), 'footprint'],
        [
          bent((f) => (f['after'] = [{ direction: 'up', tier: '1-rows', step: null, changes: { a: '[' } }])),
          'footprint',
        ],
        [bent((f) => (f['anchors'] = { ...footprint.anchors, more: 1 })), 'footprint'],
        [bent((f) => (f['anchors'] = { ...footprint.anchors, owner: '' })), 'footprint'],
        [bent((f) => (f['anchors'] = { ...footprint.anchors, names: [1] })), 'footprint'],
        [bent((f) => (f['anchors'] = { ...footprint.anchors, relations: [['public']] })), 'footprint'],
        [`"${'x'.repeat(33_554_432)}"`, 'size'],
      ];
      const wrong: unknown[] = [];
      for (const [text, code] of lists) {
        const refusal = await submit(text);
        if (!refusal.includes(`gate: ${code}: `)) wrong.push([text.slice(0, 120), code, refusal]);
      }
      expect(wrong).toEqual([]);
      await gated.as('oneroof_relay', (session) => submitFootprint(session, footprint));
      // a descriptor names a footprint by its digest: with one that was never handed in it is not taken
      const unknown = digest('footprint', ['x']);
      const body = await gated.ratification({}, { schema: unknown });
      expect(await refusalOf(gated.ratify(body, [gated.people.ana, gated.people.ben]))).toContain('gate: footprint: ');
    }),
  );
});
