import { type Cycle, explainRefusal } from '../../gate/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { explain, type Ratifications, type Reason, type Report } from '../../report/index.ts';

/** What comes next: why, and the command to type; null where people or time have to do something first. */
export interface NextCommand {
  readonly why: string;
  readonly verb: 'seal' | 'rehearse' | 'gate' | 'doctor' | 'ratify' | 'rollout' | 'rollback' | 'bundle' | null;
  readonly command: string | null;
  /** Where it is done: people sign on the site as well as on the page of a command. */
  readonly by: 'command' | 'people';
}

/** Names the next command from what was recorded and what the target says; it changes nothing by itself. */
export function nextCommand(of: NextSource): NextCommand {
  return asCommand(found(of), of.sealed);
}

/** A command of this release, with the reason for it. */
export function asCommand(
  { why, verb }: Pick<NextCommand, 'why' | 'verb'>,
  { release }: Pick<SealedRelease, 'release'>,
): NextCommand {
  const command = verb === null ? null : verb === 'doctor' ? 'oneroof doctor' : `oneroof ${verb} ${release.name}`;
  return { why, verb, command, by: verb === 'ratify' ? 'people' : 'command' };
}

/** What the next command is found from. */
export interface NextSource {
  readonly sealed: SealedRelease;
  readonly report: Report;
  /** What blocks production, as the report has it. */
  readonly blockers: readonly Reason[];
  readonly ratifications: Ratifications;
  readonly cycle: Cycle | null;
}

function found(of: NextSource): Pick<NextCommand, 'why' | 'verb'> {
  const { report, blockers, ratifications, cycle } = of;
  const isNoGo = (id: string): boolean => report.components.some((one) => one.id === id && one.status === 'NO-GO');
  const isBegun = cycle !== null && cycle.done.length > 0;
  if (!isBegun && ['rollout', 'rollback', 'verification'].some(isNoGo))
    return { why: 'It is not proven on a clone, or no longer.', verb: 'rehearse' };
  if (!isBegun && isNoGo('monitor')) return { why: 'Production was not looked at, or too long ago.', verb: 'gate' };
  if (ratifications.state === 'unread')
    return { why: 'The target could not be asked: what is wrong with it?', verb: 'doctor' };
  if (cycle === null) return { why: 'People have to ratify it.', verb: 'ratify' };
  if (cycle.done.some(({ direction }) => direction === 'down'))
    return cycle.next.down === null
      ? { why: 'It is rolled back. Another rollout needs another ratification.', verb: 'ratify' }
      : { why: `The way back stands half-way: tier ${cycle.next.down} is next.`, verb: 'rollback' };
  if (cycle.next.up === null)
    return report.execution.status === 'DONE'
      ? { why: 'It is done: every tier is rolled out, and all of it holds.', verb: 'bundle' }
      : {
          why: `Every tier is done; that it holds is not shown: ${blockers.map(explain).join('; ')}`,
          verb: 'gate',
        };
  const closed = cycle.closed.up;
  const [blocker] = blockers;
  if (closed === null && !isBegun && blocker !== undefined && blocker.code !== 'unknown')
    return { why: `People have ratified it; the last look at production found: ${explain(blocker)}`, verb: 'gate' };
  if (closed === null) return { why: `Tier ${cycle.next.up} is open.`, verb: 'rollout' };
  if (closed.code === 'seats')
    return { why: `More people have to ratify it: ${explainRefusal(closed)}`, verb: 'ratify' };
  return { why: `Tier ${cycle.next.up} waits: ${explainRefusal(closed)}`, verb: 'gate' };
}
