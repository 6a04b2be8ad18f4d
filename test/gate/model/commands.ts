import fc from 'fast-check';
import type { Real } from './database.io.ts';
import { completeNewest, type Flaw, type Intent, type Interruption, resolve } from './intent.ts';
import { apply } from './model.ts';
import { type Action, type Outcome, type World } from './state.ts';
import { judged } from './properties.ts';

/** Commands of a sequence, at most. */
const longest = 120;

/** A sequence on its way. */
export interface Played {
  world: World;
  readonly trace: string[];
  readonly count: Count;
}

/** What was done: commands, and how often each kind of action had each outcome. */
export interface Count {
  commands: number;
  readonly outcomes: Map<string, number>;
}

class Command implements fc.AsyncCommand<Played, Real> {
  readonly intent: Intent;
  constructor(intent: Intent) {
    this.intent = intent;
  }
  check = (): boolean => true;
  async run(played: Played, real: Real): Promise<void> {
    let intent = this.intent;
    for (let done = 0; done < 10; done += 1) {
      const action =
        done === 0 || intent.want !== 'propose'
          ? resolve(played.world, intent)
          : completeNewest(played.world, intent.flaw);
      if (action === null) break;
      await perform(played, real, action);
      if (intent.want === 'interrupt' && closes(intent.by, action)) intent = { ...intent, part: 1 };
      else if (!leadsOn(intent, action)) break;
    }
    played.count.commands += 1;
  }
  toString = (): string => JSON.stringify(this.intent);
}

/** The last action of an interruption, before the session goes on. */
function closes(by: Interruption, action: Action): boolean {
  return action.do === (by === 'end' ? 'clock' : by === 'policy' ? 'accept' : 'submit');
}

/** Whether more belongs to the same command: what others do for an executor, and the signature of a revocation. */
function leadsOn({ want }: Intent, action: Action): boolean {
  const before: readonly Action['do'][] = ['propose', 'draft', 'submit', 'target', 'release', 'ready', 'clock'];
  if (['advance', 'propose', 'change', 'rival', 'interrupt'].includes(want)) return before.includes(action.do);
  return (want === 'revoke' || want === 'decline') && action.do === 'propose';
}

async function perform(played: Played, real: Real, action: Action): Promise<void> {
  const { world, trace, count } = played;
  const next = apply(world, action);
  const outcome: Outcome = await real.perform(action, world);
  trace.push(`${JSON.stringify(action)} -> ${outcome}`);
  const key = `${action.do} ${outcome.split(' ')[0]}`;
  count.outcomes.set(key, (count.outcomes.get(key) ?? 0) + 1);
  const wrong = judged({ world, action, outcome });
  if (outcome === next.outcome && wrong === null) {
    played.world = next.world;
    return;
  }
  const what = wrong ?? `the rules say ${next.outcome}, the database says ${outcome}`;
  throw new Error(`${what}\n${trace.join('\n')}`);
}

const number = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(15) });
const pick = fc.tuple(number, fc.nat(15), fc.nat(15));
// most of the time one session works, so that it gets somewhere
const session = fc.oneof(
  { weight: 3, arbitrary: fc.constant('one' as const) },
  { weight: 1, arbitrary: fc.constant('two' as const) },
);
const direction = fc.constantFrom('up' as const, 'down' as const);
const flaws: readonly Flaw[] = [
  'short',
  'too long',
  'later',
  'just sealed',
  'rehearsed long ago',
  'rehearsed later',
  'no rehearsal',
  'other release',
  'unknown release',
  'an earlier document',
  'no target',
  'few signatures',
];
const flaw = fc.oneof(
  { weight: 2, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constantFrom(...flaws) },
);

const kinds: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Intent>])[] = [
  [30, fc.record({ want: fc.constant('advance'), session, direction: direction, release: fc.nat(13) })],
  [
    7,
    fc.record({
      want: fc.constant('interrupt'),
      by: fc.constantFrom('revocation', 'revocation', 'end', 'policy', 'answer'),
      part: fc.constant(0),
      pick: fc.nat(7),
    }),
  ],
  [3, fc.record({ want: fc.constant('rival'), session, old: fc.boolean(), direction })],
  [
    6,
    fc.record({
      want: fc.constant('call'),
      session,
      call: fc.constantFrom(
        'attempt',
        'enter',
        'step',
        'step',
        'batch',
        'outside',
        'leave',
        'send',
        'poll',
        'decide',
        'clear',
      ),
      pick,
      direction,
    }),
  ],
  [
    4,
    fc.record({
      want: fc.constant('control'),
      session,
      control: fc.constantFrom(
        'begin',
        'begin',
        'repeatable read',
        'savepoint',
        'savepoint',
        'rollback-to',
        'rollback-to',
        'release-savepoint',
        'rollback',
        'constraints',
        'commit',
        'commit',
        'end transaction',
        'commit work',
        'commit and chain',
      ),
      depth: fc.nat(2),
    }),
  ],
  [2, fc.record({ want: fc.constant('clock'), pick: fc.nat(15), offset: fc.constantFrom(-1, 0, 1, 1) })],
  [4, fc.record({ want: fc.constant('propose'), opens: fc.constantFrom('rollout', 'tier', 'rollback'), pick, flaw })],
  [3, fc.record({ want: fc.constant('sign'), pick, over: fc.constantFrom('it', 'it', 'it', 'another') })],
  [1, fc.record({ want: fc.constant('hand-in'), pick })],
  [1, fc.record({ want: fc.constant('revoke'), pick })],
  [1, fc.record({ want: fc.constant('decline'), pick })],
  [2, fc.record({ want: fc.constant('change'), kind: fc.constantFrom('registry', 'policy'), pick, flaw })],
  [1, fc.record({ want: fc.constant('accept'), pick })],
  [
    2,
    fc.record({
      want: fc.constant('data'),
      what: fc.constantFrom(
        'ready',
        'unready',
        'nine',
        'no nine',
        'null',
        'no null',
        'drift',
        'no drift',
        'no drift',
        'twin',
        'twin',
        'no twins',
        'another index',
        'no index',
        'no index',
      ),
    }),
  ],
  [3, fc.record({ want: fc.constant('ask'), pick, direction })],
] as never;

/** Sequences of commands. */
export const commands = fc.commands(
  [fc.oneof(...kinds.map(([weight, arbitrary]) => ({ weight, arbitrary }))).map((intent) => new Command(intent))],
  { maxCommands: longest, size: 'max' },
);

/** Stories, as commands. */
export function told(stories: readonly (readonly Intent[])[]): [Iterable<fc.AsyncCommand<Played, Real>>][] {
  return stories.map((story) => [story.map((intent) => new Command(intent))]);
}
