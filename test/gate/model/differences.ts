import { type Action, type Name } from './state.ts';
import { type Direction, type Opens, releases } from './world.ts';

const at = Date.UTC(2026, 5, 3, 8);
const one: Name = 'one';

function signed(id: string, opens: Opens): readonly Action[] {
  const statement = {
    id,
    kind: 'ratification' as const,
    release: 'small',
    opens,
    registry: 'first',
    policy: 'strict',
    authors: ['agent', 'ira'],
    rehearsedAt: at - 60_000,
    sealedAt: at - 600_000,
    evidence: 'rehearsal' as const,
    schema: 'without n, index none',
    notBefore: at,
    expires: at + 3_600_000,
  };
  return [
    { do: 'propose', statement },
    { do: 'submit', statement: id, by: 'ana', over: 'it' },
    { do: 'submit', statement: id, by: 'ben', over: 'it' },
    { do: 'target', statement: id },
  ];
}

/** A tier in one transaction: so many of its steps, and where these are all, it is left. */
function tier(of: { id: string; direction: Direction; epoch: number; steps: number }): readonly Action[] {
  const { id, direction, epoch, steps } = of;
  const sealed = releases['small']?.tiers.find((found) => found.id === id)?.[direction] ?? [];
  const row = { session: one, cycle: 'cycle', direction, tier: id };
  return [
    { do: 'begin', session: one, isolation: 'read committed' },
    { do: 'enter', ...row, epoch },
    ...sealed.slice(0, steps).map(({ sql }, index): Action => ({ do: 'step', ...row, n: index + 1, text: sql })),
    ...(steps < sealed.length ? [] : [{ do: 'leave' as const, ...row, epoch }]),
    { do: 'commit', session: one, form: 'commit' },
  ];
}

/** The tier 2-each is committed with one of its two steps. */
const halfWay: readonly Action[] = [
  ...signed('cycle', { what: 'rollout' }),
  ...signed('answer', { what: 'tier', tier: '2-each', cycle: 'cycle' }),
  { do: 'ready', rows: 1 },
  { do: 'attempt', session: one, cycle: 'cycle', direction: 'up' },
  ...tier({ id: '1-rows', direction: 'up', epoch: 1, steps: 2 }),
  ...tier({ id: '2-each', direction: 'up', epoch: 1, steps: 1 }),
];

/**
 * A tier was committed half way up and rolled back in full. Then somebody changes the schema, and the rollback goes on with the tier before:
 * docs/RULES.md says that the schema is compared, because no tier of the cycle is half way any more.
 */
export const schemaAfterHalfWay: readonly Action[] = [
  ...halfWay,
  { do: 'attempt', session: one, cycle: 'cycle', direction: 'down' },
  ...tier({ id: '2-each', direction: 'down', epoch: 2, steps: 2 }),
  { do: 'drift', drift: true },
  { do: 'begin', session: one, isolation: 'read committed' },
  { do: 'enter', session: one, cycle: 'cycle', direction: 'down', tier: '1-rows', epoch: 2 },
];

/**
 * Between two transactions of a tier somebody makes a SECURITY DEFINER function, and the tier is entered again: docs/RULES.md compares with what
 * there was when the tier was entered, which is now; the gate compares with the first time, so this tier can be finished by nobody.
 */
export const definerBetween: readonly Action[] = [
  ...halfWay,
  { do: 'definer' },
  { do: 'begin', session: one, isolation: 'read committed' },
  { do: 'enter', session: one, cycle: 'cycle', direction: 'up', tier: '2-each', epoch: 1 },
  {
    do: 'step',
    session: one,
    cycle: 'cycle',
    direction: 'up',
    tier: '2-each',
    n: 2,
    text: 'insert into t values (4)',
  },
];
