import { type Call, type Control, type Flaw, type Intent, type Interruption } from './intent.ts';
import { type Direction } from './world.ts';

const session = 'one';
export const advance = (times: number, direction: Direction = 'up', release = 5): readonly Intent[] =>
  Array.from({ length: times }, () => ({ want: 'advance', session, direction, release }));
const way = (times: number): readonly Intent[] => advance(times, 'up', 0);
/** 9: without waiting for what a hold point or a data gate needs. */
const lazy = (times: number): readonly Intent[] => advance(times, 'up', 9);
export const propose = (
  opens: 'rollout' | 'tier' | 'rollback',
  flaw: Flaw = 'none',
  pick: readonly [number, number, number] = [0, 0, 0],
): Intent => ({ want: 'propose', opens, flaw, pick });
export const control = (name: Control): Intent => ({ want: 'control', session, control: name, depth: 0 });
export const data = (what: Extract<Intent, { want: 'data' }>['what']): Intent => ({ want: 'data', what });
export const interrupt = (by: Interruption, pick = 1): Intent => ({ want: 'interrupt', by, part: 0, pick });
export const ask = (direction: Direction): Intent => ({ want: 'ask', pick: [0, 1, 0], direction });
const change = (kind: 'registry' | 'policy', flaw: Flaw = 'none', pick = 1): Intent => ({
  want: 'change',
  kind,
  flaw,
  pick: [pick, 0, 0],
});
/** `of`: how many statements came after it. */
const sign = (by: number, over: 'it' | 'another', of = 0): Intent => ({ want: 'sign', pick: [of, by, 0], over });
export const call = (name: Call, pick: readonly [number, number, number], direction: Direction = 'up'): Intent => ({
  want: 'call',
  session,
  call: name,
  pick,
  direction,
});
/** The other session wants it. */
export const two = (intent: Intent): Intent => ('session' in intent ? { ...intent, session: 'two' } : intent);
export const wait = (pick: number, offset = 1): Intent => ({ want: 'clock', pick, offset });

const flaws: readonly Flaw[] = [
  'too long',
  'later',
  'just sealed',
  'rehearsed long ago',
  'rehearsed later',
  'no rehearsal',
  'unknown release',
  'no target',
  'few signatures',
];

/** Every flaw of every kind of ratification, where a cycle is in place, and after an hour. */
const statements: readonly Intent[] = [
  { want: 'hand-in', pick: [0, 0, 0] },
  propose('rollback'),
  propose('rollout'),
  propose('tier', 'none', [0, 1, 0]),
  propose('tier'),
  propose('rollback'),
  ...advance(7),
  ...flaws.map((flaw) => propose('rollout', flaw)),
  // the first rollout is the one that is in place
  ...flaws.flatMap((flaw) => [
    propose('tier', flaw, [flaws.length, 1, 0]),
    propose('rollback', flaw, [flaws.length, 0, 0]),
  ]),
];

/** The sequences that every series begins with: so each check is met, whatever is drawn afterwards. */
export const stories: readonly (readonly Intent[])[] = [
  statements,
  // what is found in the application
  [
    ...lazy(7),
    ...lazy(2),
    control('rollback'),
    data('ready'),
    ...lazy(2),
    control('rollback'),
    ...advance(2),
    data('drift'),
    control('rollback'),
    ...advance(2),
    control('rollback'),
    data('no drift'),
    ...advance(20),
  ],
  [
    data('null'),
    ...advance(6),
    control('rollback'),
    data('no null'),
    ...Array.from({ length: 6 }, () => data('nine')),
    ...advance(5),
  ],
  [data('nine'), ...advance(19), control('rollback'), data('no nine'), ...advance(9)],
  // what is closed while a tier runs
  ...(['revocation', 'end', 'policy'] as const).flatMap((by) => [
    [...advance(3), interrupt(by)],
    [...advance(5), interrupt(by)],
    [...advance(6), interrupt(by)],
  ]),
  [...advance(10), interrupt('answer'), control('rollback'), ...advance(2)],
  // another cycle, and another attempt
  [
    ...advance(7),
    { want: 'rival', session, old: false, direction: 'up' },
    ...advance(6, 'down', 2),
    { want: 'rival', session, old: true, direction: 'up' },
  ],
  [...way(20), ...advance(6, 'down', 0)],
  // the rollback of a tier, entered in the transaction that is half way up it
  ...[0, 1].map((cycle) => [...advance(11), call('enter', [cycle, 1, 1], 'down')]),
  // what an answer is for, and for which cycle
  [
    ...advance(7),
    propose('tier', 'none', [0, 1, 0]),
    call('attempt', [0, 0, 0]),
    call('enter', [0, 1, 1]),
    ...advance(6, 'down', 2),
    ...advance(7),
    data('ready'),
    ...lazy(2),
  ],
  [change('policy'), propose('rollout'), propose('tier'), ...lazy(3)],
  // each asked for in the direction that it is not for
  [...advance(7), propose('tier', 'none', [0, 1, 0]), ask('down'), propose('rollback'), ask('up')],
  // the attempt is of the other session, which then wants something else while the tier is entered
  [
    propose('rollout'),
    two(call('attempt', [0, 0, 0])),
    control('begin'),
    call('enter', [0, 0, 1]),
    two(control('begin')),
    two(call('enter', [0, 1, 1])),
  ],
  // calls that are wrong in one thing
  [
    ...advance(2),
    call('enter', [0, 1, 1]),
    control('rollback'),
    ...advance(2),
    call('leave', [0, 0, 1]),
    control('rollback'),
    ...advance(3),
    call('step', [0, 0, 2]),
    control('rollback'),
    ...advance(2),
    call('step', [0, 0, 4]),
    control('rollback'),
    call('enter', [0, 1, 4]),
  ],
  [...advance(10), control('commit'), call('step', [1, 1, 0])],
  // the next step, as if it ran in batches
  [...advance(3), call('batch', [0, 0, 0])],
  // a step of a tier that runs in a transaction, or in one for each step, is not sent outside of one: not entered, and entered
  ...[2, 9, 10].map((calls) => [
    ...advance(calls),
    call('outside', [0, 1, 0]),
    control('rollback'),
    ...advance(3),
    call('outside', [0, 0, 0]),
  ]),
  [change('registry'), propose('rollout'), sign(0, 'it'), sign(2, 'it')],
  // a signature that comes when another registry, or policy, is in force than the statement names
  ...(['registry', 'policy'] as const).map((kind) => [
    propose('rollout', 'few signatures'),
    change(kind),
    sign(1, 'it', 1),
  ]),
  // a rollback after the window, and one that is carried on
  [
    ...advance(7),
    wait(1),
    ask('down'),
    { want: 'rival', session, old: true, direction: 'down' },
    wait(1),
    ask('down'),
    { want: 'rival', session, old: true, direction: 'down' },
    propose('rollback'),
    { want: 'rival', session, old: true, direction: 'down' },
    ...advance(6, 'down', 2),
  ],
  // one that carries on the rollback of one cycle, while another one is closed
  [
    ...advance(7),
    propose('rollout', 'short'),
    ...Array.from({ length: 4 }, () => wait(1)),
    propose('rollback', 'none', [1, 0, 0]),
    { want: 'ask', pick: [1, 1, 0], direction: 'down' },
  ],
  // the rules change while the cycle is in place
  [...advance(7), change('policy'), ask('down'), ask('up'), { want: 'rival', session, old: true, direction: 'down' }],
  [...advance(7), change('registry'), ask('down'), ask('up'), change('registry', 'none', 8), change('registry')],
  // a change comes too early, too late, twice, or without a signature that was withdrawn
  [
    change('policy', 'later'),
    { want: 'revoke', pick: [0, 4, 0] },
    wait(1),
    { want: 'accept', pick: [0, 0, 0] },
    change('policy'),
    change('policy', 'too long'),
  ],
  [change('policy', 'later'), wait(1), wait(1), { want: 'accept', pick: [0, 0, 0] }],
  // it names the right number, and not the document in force
  [change('policy'), change('policy', 'other release')],
  [change('policy', 'short'), change('policy', 'none'), change('policy', 'an earlier document'), change('policy')],
  [...advance(1), ...[1, 2, 3].flatMap((by): Intent[] => [sign(by, 'another'), sign(by, 'it'), sign(by, 'it')])],
  [
    propose('tier', 'few signatures'),
    ...advance(7),
    propose('tier', 'none', [0, 1, 0]),
    propose('rollout', 'other release'),
    propose('tier', 'other release', [1, 1, 0]),
  ],
  // the fourth is signed before there was time to review what has just been handed in, the next one after it
  [
    ...Array.from({ length: 3 }, () => propose('rollout')),
    { want: 'hand-in', pick: [0, 0, 0] },
    propose('rollout', 'other release'),
    propose('rollout', 'other release'),
  ],
  // the transaction
  [...advance(2), wait(1), ...advance(1)],
  [control('repeatable read'), ...advance(2)],
  [...advance(3), control('commit')],
  [...advance(6), control('commit and chain')],
  [...advance(6), control('constraints')],
];
