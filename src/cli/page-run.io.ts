import { EventEmitter, once } from 'node:events';
import { OneRoofError, printable, type ProblemText } from '../core/index.ts';
import { shortCode, statementDigest } from '../evidence/index.ts';
import { type Policy } from '../gate/index.ts';
import {
  ceremonyPage,
  listenAt,
  notForProduction,
  type Page,
  type Standing,
  servePage,
  type ShownCeremony,
} from '../web/index.ts';
import { type Context } from './verb.ts';

/** A page that a command serves until something has happened on it. */
export interface PageRun<T> {
  readonly policy: Policy;
  /** Where a page for https listens, behind its proxy. */
  readonly pagePort: number;
  /** The page; it calls `done` when there is nothing more to wait for. */
  readonly page: (done: (value: T) => void) => Pick<Page, 'draw' | 'actions'>;
  /** What to do at the address. */
  readonly invite: string;
  /** What to say where the command was interrupted before. */
  readonly unfinished: ProblemText;
}

/**
 * Serves one page, says where it is, and waits until it is done with.
 *
 * Errors  PAGE_UNSERVED, INTERRUPTED.
 */
export async function runPage<T>(context: Context, run: PageRun<T>): Promise<T> {
  const { policy, pagePort } = run;
  const events = new EventEmitter();
  const ended = once(events, 'done', { signal: context.signal }) as Promise<[T]>;
  // looked at below; until then a signal is no unhandled rejection
  ended.catch(() => undefined);
  // after the answer has gone out: the page that says so is still open then
  const done = (value: T): void => void setImmediate(() => events.emit('done', value));
  const page = await servePage({ origin: policy.origin, listen: listenAt(policy, pagePort), ...run.page(done) });
  try {
    if (!policy.production) context.terminal.say(notForProduction);
    context.terminal.say(`open ${page.url} ${run.invite}; Ctrl-C ends it`);
    const [value] = await ended.catch((cause: unknown): never => {
      throw new OneRoofError('INTERRUPTED', { ...run.unfinished, cause });
    });
    return value;
  } finally {
    await page.close();
  }
}

/** Serves the page of a ceremony until its statement counts; says who signs. */
export async function runCeremony(
  context: Context,
  of: {
    readonly ceremony: ShownCeremony;
    readonly pagePort: number;
    readonly unfinished: ProblemText;
  },
): Promise<Standing> {
  const { ceremony } = of;
  const before = await ceremony.standing();
  if (before.complete) return before;
  return await runPage<Standing>(context, {
    ...of,
    policy: ceremony.policy,
    page: (done) =>
      ceremonyPage({
        ...ceremony,
        submit: async (signed) => {
          const standing = await ceremony.submit(signed);
          context.terminal.say(`${printable(signed.person.name)} has signed`);
          if (standing.complete) done(standing);
          return standing;
        },
      }),
    invite: `and type ${shortCode(statementDigest(ceremony.body))}`,
  });
}
