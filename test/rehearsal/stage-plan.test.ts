import { describe, expect, it } from 'vitest';
import { type Problem, stated } from '../../src/core/index.ts';
import { type Release, type Tier } from '../../src/release/index.ts';
import { isPossible, planOf } from '../../src/rehearsal/record/stage-plan.ts';
import { sealed, tier } from './made.ts';

const simple = (id: string): Tier => tier(id, { up: ['select 1'], down: ['select 2'] });
const planned = (tiers: readonly Tier[], more: Partial<Release> = {}, on: Partial<Parameters<typeof planOf>[1]> = {}) =>
  planOf(sealed(tiers, more).release, { refused: [], hasGate: false, ...on });
const acts = (plan: ReturnType<typeof planOf>): readonly string[] => plan.map(({ stage, work }) => stage ?? work.act);

/** The stages that run where some of them fail, or leave a tier that was not committed. */
function run(
  plan: ReturnType<typeof planOf>,
  goes: { readonly failed?: readonly string[]; readonly stuck?: string },
): readonly string[] {
  let stages: Parameters<typeof isPossible>[1]['stages'] = [];
  let isStuck = false;
  for (const act of plan) {
    const { stage } = act;
    if (stage === null || !isPossible(act, { isStuck, stages })) continue;
    const failed = goes.failed?.includes(stage) === true || goes.stuck === stage;
    stages = [...stages, { stage, outcome: failed ? 'failed' : 'passed' }];
    isStuck ||= goes.stuck === stage;
  }
  return stages.map(({ stage }) => stage);
}

describe('the plan of a rehearsal', () => {
  const usual = ['preflight', 'forward', 'verify', 'twin', 'back', 'prove', 'forward-again', 'verify-again'];
  const [one, two] = [simple('1-one'), simple('2-two')];

  it('has only what the release and its database ask for', () => {
    const read = ['preflight', 'read-conditions', ...usual.slice(1)];
    expect(acts(planned([one]))).toEqual(read);
    const more = { rerunnable: true, expects: { partitionsOf: ['public.p'] } } as Partial<Release>;
    // without a gate nothing compares, and so nothing lets partitions through
    expect(acts(planned([one], more))).toEqual([...read.slice(0, 7), 'back-again', ...read.slice(7)]);
    expect(acts(planned([one], more, { hasGate: true }))).toEqual([
      ...read.slice(0, 7),
      'end-footprint',
      'partitions',
      'back-again',
      ...read.slice(7),
    ]);
  });

  it('measures nothing of a release that cannot run', () => {
    const refused: readonly Problem[] = [{ code: 'ROLE_MISSING' as never, ...stated`no role`, fix: 'make it' }];
    expect(planned([one], {}, { refused })[0]?.work).toEqual({ act: 'refuse', problems: refused });
    expect(planned([one])[0]?.work).toMatchObject({ act: 'measure', when: 'greenfield' });
  });

  it('goes on after a problem that leaves the tiers in place, and ends after one that does not', () => {
    const plan = planned([one, two], { rerunnable: true });
    const all = [...usual.slice(0, 6), 'back-again', ...usual.slice(6)];
    expect(run(plan, {})).toEqual(all);
    expect(run(plan, { failed: ['preflight'] })).toEqual(['preflight']);
    for (const stage of ['forward', 'twin']) expect(run(plan, { failed: [stage] })).toEqual(all.slice(0, 7));
    for (const stage of ['verify', 'back']) expect(run(plan, { failed: [stage] })).toEqual(all);
    expect(run(plan, { failed: ['prove'] })).toEqual(all.slice(0, 6));
    expect(run(plan, { failed: ['back-again'] })).toEqual(all.slice(0, 7));
    expect(run(plan, { failed: ['forward-again'] })).toEqual(all.slice(0, 8));
    for (const stuck of ['forward', 'back']) expect(run(plan, { stuck })).toEqual(all.slice(0, all.indexOf(stuck) + 1));
  });

  it('proves what is before a one-way tier on a clone of its own, and the last part where it was rolled back', () => {
    const three = { ...simple('3-three'), oneWay: 'its rows are gone' };
    const tiers = [one, two, three, simple('4-four'), { ...simple('5-five'), barred: 'not yet' }];
    const prove = planned(tiers).find(({ stage }) => stage === 'prove')?.work;
    expect(prove).toMatchObject({
      parts: [
        { part: { from: null, tiers: [one, two] }, elsewhere: { forward: [one, two], before: '3-three' } },
        { part: { from: '3-three', tiers: tiers.slice(3) }, elsewhere: null },
      ],
    });
    // behind a last tier that is one-way there is nothing to prove
    const last = planned(tiers.slice(0, 3)).find(({ stage }) => stage === 'prove')?.work;
    expect(last).toMatchObject({ parts: [{ part: { from: null }, elsewhere: { before: '3-three' } }] });
  });
});
