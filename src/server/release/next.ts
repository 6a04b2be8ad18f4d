import { type Cycle } from '../../gate/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { type Ratifications, type Report } from '../../report/index.ts';

/** What comes next: why, and the command to type; null where people or time have to do something first. */
export interface NextCommand {
  readonly why: string;
  readonly command: string | null;
  /** Where it is done: people sign on the site as well as on the page of a command. */
  readonly by: 'command' | 'people';
}

/** Names the next command from what was recorded and what the target says; it changes nothing by itself. */
export function nextCommand(of: NextSource): NextCommand {
  const next = found(of);
  return { ...next, by: next.command?.startsWith('oneroof ratify ') === true ? 'people' : 'command' };
}

/** What the next command is found from. */
export interface NextSource {
  readonly sealed: SealedRelease;
  readonly report: Report;
  readonly ratifications: Ratifications;
  readonly cycle: Cycle | null;
}

function found(of: NextSource): Omit<NextCommand, 'by'> {
  const { sealed, report, ratifications, cycle } = of;
  const command = (verb: string): string => `oneroof ${verb} ${sealed.release.name}`;
  const isNoGo = (id: string): boolean =>
    report.components.some((one) => one.id === id && one.status.startsWith('NO-GO'));
  const isBegun = cycle !== null && cycle.done.length > 0;
  if (!isBegun && ['rollout', 'rollback', 'verification'].some(isNoGo))
    return { why: 'It is not proven on a clone, or no longer.', command: command('rehearse') };
  if (!isBegun && isNoGo('monitor'))
    return { why: 'Production was not looked at, or too long ago.', command: command('gate') };
  if (ratifications.state === 'unread')
    return { why: 'The target could not be asked: what is wrong with it?', command: 'oneroof doctor' };
  if (cycle === null) return { why: 'People have to ratify it.', command: command('ratify') };
  if (cycle.done.some(({ direction }) => direction === 'down'))
    return cycle.next.down === null
      ? { why: 'It is rolled back. Another rollout needs another ratification.', command: command('ratify') }
      : { why: `The way back stands half-way: tier ${cycle.next.down} is next.`, command: command('rollback') };
  if (cycle.next.up === null)
    return report.execution.status === 'DONE'
      ? { why: 'It is done: every tier is rolled out, and all of it holds.', command: command('bundle') }
      : {
          why: `Every tier is done; that it holds is not shown: ${report.blockers.join('; ')}`,
          command: command('gate'),
        };
  const [blocker] = report.blockers;
  if (cycle.closed.up === null && !isBegun && blocker?.startsWith('unknown:') === false)
    return { why: `People have ratified it; the last look at production found: ${blocker}`, command: command('gate') };
  if (cycle.closed.up === null) return { why: `Tier ${cycle.next.up} is open.`, command: command('rollout') };
  if (cycle.closed.up.startsWith('seats'))
    return { why: `More people have to ratify it: ${cycle.closed.up}`, command: command('ratify') };
  return { why: `Tier ${cycle.next.up} waits: ${cycle.closed.up}`, command: command('gate') };
}
