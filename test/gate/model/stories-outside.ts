import { type Intent } from './intent.ts';
import { advance, ask, call, control, data, interrupt, propose, two, wait } from './stories.ts';
import { type Direction } from './world.ts';

/** 10: the release with a tier outside of a transaction. */
const apart = (times: number, direction: Direction = 'up'): readonly Intent[] => advance(times, direction, 10);
/** An attempt, BEGIN, entered, the intention: what is sent is not committed yet. */
const intended = apart(4);
/** And committed. */
const toSend = apart(5);
/** And sent, and its end not heard. */
const built = apart(6);
/** Each further step: BEGIN, entered, the intention, COMMIT, sent, heard, decided. */
const step = 7;
/** All of it, to the end of its second tier. */
const whole = apart(8 + 2 * step + 4 + 5);
const send = call('send', [0, 0, 0]);
const poll = call('poll', [0, 0, 0]);
const decide = call('decide', [0, 0, 0]);
const clear = call('clear', [0, 0, 0]);
const rival = (old: boolean, direction: Direction = 'up'): Intent => ({
  want: 'rival',
  session: 'one',
  old,
  direction,
});
const revoke: Intent = { want: 'revoke', pick: [0, 4, 0] };
/** The executor's two sessions take turns: the other one attempts, and the first one does no more. */
const takenOver = two(rival(true));
/** A second ratification of the release, completed, and an attempt by it. */
const another = Array.from({ length: 3 }, () => rival(false));
/** Two rows alike: a build fails. */
const twins = [data('twin'), data('twin')];

/** The sequences that the series of steps outside of a transaction begins with. */
export const outsideStories: readonly (readonly Intent[])[] = [
  // two ratifications of the same release
  [
    ...toSend,
    ...another,
    control('begin'),
    call('enter', [0, 0, 1]),
    call('outside', [0, 0, 0]),
    control('commit'),
    send,
    poll,
    decide,
    call('decide', [0, 1, 0]),
    ...apart(6),
  ],
  [
    ...built,
    ...another,
    control('begin'),
    call('enter', [0, 0, 1]),
    call('outside', [0, 0, 0]),
    control('commit'),
    decide,
  ],
  [...apart(8), ...another, ...apart(6)],
  // forward and back
  [...whole, ...apart(20, 'down'), ...whole],
  // a build that fails is cleared, and built again
  [...twins, ...apart(12), data('no twins'), ...apart(20), ...apart(20, 'down')],
  [...twins, ...apart(8), data('no index'), clear, send, decide, ...apart(6)],
  [...twins, ...apart(8), data('no index'), data('another index'), clear, send, poll, decide, ...apart(6)],
  [...twins, ...built, poll, data('no index'), decide, data('no twins'), ...apart(12)],
  // the second step, of which only an answer that was heard counts, and the third, which makes another index
  ...[1, 2].flatMap((further) => {
    const sent = apart(6 + further * step);
    return [
      [...sent, takenOver, two(poll), poll, two(decide), ...apart(12)],
      [...sent, control('begin'), poll, control('rollback'), decide, ...apart(12)],
      [...sent, poll, data('no index'), decide, ...apart(6)],
      [...sent, poll, data('no index'), data('another index'), decide, ...apart(6), ...apart(9, 'down')],
      [...apart(5 + further * step), control('begin'), send, control('rollback'), poll, decide, ...apart(12)],
      [...apart(3 + further * step), data('no index'), call('outside', [0, 0, 0]), control('commit'), ...apart(4)],
      [...apart(5 + further * step), revoke, send, decide, ...apart(4), ...apart(9, 'down')],
    ];
  }),
  // it fails ten times
  [...twins, ...apart(1 + 10 * 11 + 4)],
  // its second tier runs in a transaction
  [...apart(8 + 2 * step + 4 + 2), call('outside', [0, 0, 0])],
  // what closes it between the intention and the sending, and between the sending and its end
  ...[
    [revoke],
    [wait(1)],
    [wait(1), wait(1)],
    ...(['registry', 'policy'] as const).map((kind) =>
      Array.from({ length: 4 }, (): Intent => ({ want: 'change', kind, flaw: 'none', pick: [1, 0, 0] })),
    ),
  ].flatMap((closing) => [
    [...toSend, ...closing, send, poll, decide, ...apart(6)],
    [...built, ...closing, poll, decide, ...apart(6), ...apart(6, 'down')],
  ]),
  ...(['revocation', 'end', 'policy', 'answer'] as const).map((by) => [...intended, interrupt(by), ...apart(3)]),
  [...apart(3), revoke, call('outside', [0, 0, 0])],
  // wrong in one thing: the text, the number of the attempt, the step, the order
  [
    ...toSend,
    call('send', [0, 0, 3]),
    call('send', [0, 0, 1]),
    send,
    send,
    call('poll', [0, 0, 1]),
    call('decide', [0, 0, 1]),
  ],
  [send, decide, clear, poll, ...toSend, clear, poll, decide, send],
  [...built, send, clear, decide, poll, decide, decide, poll, send],
  [
    ...apart(3),
    call('step', [0, 0, 0]),
    control('rollback'),
    ...apart(2),
    call('outside', [0, 0, 4]),
    control('rollback'),
    ...apart(2),
    call('outside', [0, 0, 1]),
    call('outside', [0, 0, 0]),
    call('outside', [0, 0, 0]),
    call('outside', [0, 0, 3]),
    control('commit'),
    ...apart(4),
  ],
  [...apart(3), call('leave', [0, 0, 1]), control('rollback'), ...apart(3), call('leave', [0, 0, 1])],
  // while it is not decided no tier is entered, in no direction, and nothing can be rolled back
  [
    ...toSend,
    control('begin'),
    call('enter', [0, 0, 1]),
    control('rollback'),
    ...apart(2, 'down'),
    call('enter', [0, 0, 1], 'down'),
  ],
  [...built, propose('rollback'), ask('down'), ask('up'), ...apart(8)],
  // another transaction, and a savepoint
  [...intended, send, poll, decide, control('commit'), ...apart(6)],
  [...intended, control('rollback'), send, ...apart(8)],
  [
    ...apart(3),
    control('savepoint'),
    call('outside', [0, 0, 0]),
    { want: 'control', session: 'one', control: 'rollback-to', depth: 0 },
    control('commit'),
    ...apart(8),
  ],
  ...(['commit', 'rollback'] as const).flatMap((end) => [
    [...toSend, control('begin'), send, control(end), send, poll, decide, ...apart(8)],
    [...built, control('begin'), poll, control(end), poll, decide, ...apart(4)],
    [...built, poll, control('begin'), decide, control(end), decide, ...apart(8)],
    [...twins, ...apart(8), control('begin'), clear, control(end), send, ...apart(8)],
    [...twins, ...apart(8), control('begin'), clear, send, control(end), ...apart(8)],
  ]),
  [control('repeatable read'), ...apart(3), send, poll, decide, clear],
  ...(['end transaction', 'commit and chain', 'constraints'] as const).map((how) => [
    ...intended,
    control(how),
    ...apart(4),
  ]),
  // another session goes on: what it did not prepare it cannot send, and what still has a connection it cannot decide
  [...toSend, takenOver, two(send), two(poll), two(decide), ...apart(10)],
  [...built, takenOver, send, decide, two(decide), two(poll), poll, two(poll), two(decide), ...apart(8)],
  [two(control('begin')), two(poll), ...built, two(decide), two(control('commit')), poll, decide],
  [...toSend.map(two), rival(true), decide, ...apart(4), two(send), send, poll, decide],
  [...toSend, two(control('begin')), two(send), send, two(decide), two(control('rollback')), decide],
  // somebody else drops the index, or makes one of its name
  ...(['another index', 'no index'] as const).flatMap((what) => [
    [data(what), ...apart(5), data('no index'), ...apart(4)],
    [...apart(3), data(what), call('outside', [0, 0, 0]), control('commit'), ...apart(4)],
    [...toSend, data(what), send, poll, decide, data('no index'), decide, ...apart(4)],
    [...built, data(what), poll, decide, data('no index'), decide, ...apart(4)],
    [...apart(8), data(what), ...apart(4)],
  ]),
  [...whole, data('no index'), ...apart(6, 'down')],
  ...([[], [data('no index')], [data('no index'), data('another index')]] as const).flatMap((meanwhile) => [
    [...whole, ...apart(9, 'down'), ...meanwhile, send, poll, decide, data('no index'), decide, ...apart(6, 'down')],
    [...whole, ...apart(10, 'down'), ...meanwhile, poll, decide, data('no index'), decide, ...apart(6, 'down')],
  ]),
];
