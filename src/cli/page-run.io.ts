import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { OneRoofError, printable, type ProblemText, stated } from '../core/index.ts';
import { shortCode, statementDigest } from '../evidence/index.ts';
import { type Policy } from '../people/index.ts';
import {
  ceremonyPage,
  listenAt,
  notForProduction,
  offerPage,
  type Page,
  type ServedPage,
  type SigningState,
  servePage,
  type ShownCeremony,
} from '../signing/index.ts';
import { type Setup } from '../setup/index.ts';
import { type Context } from './verb.ts';

/** A page that a command serves until something has happened on it. */
export interface PageRun<T> {
  readonly policy: Policy;
  /** Where a page for https listens, behind its proxy; and how the site is found that has the address. */
  readonly setup: Pick<Setup, 'pagePort' | 'serve'>;
  /** The page; it calls `done` when there is nothing more to wait for. */
  readonly page: (done: (value: T) => void) => Pick<Page, 'draw' | 'actions'>;
  /** What to do at the address. */
  readonly invite: string;
  /** What to say where the command was interrupted before. */
  readonly unfinished: ProblemText;
  /** The site has a page of its own for it, which is asked for instead. */
  readonly onSite?: true;
}

/**
 * Serves one page, says where it is, and waits until it is done with. Where `oneroof serve` has the address, it passes the page on.
 *
 * Errors  PAGE_UNSERVED, INTERRUPTED.
 */
export async function runPage<T>(context: Context, run: PageRun<T>): Promise<T> {
  const { policy } = run;
  const events = new EventEmitter();
  const ended = once(events, 'done', { signal: context.signal }) as Promise<[T]>;
  // checked below; until then a signal must not be an unhandled rejection
  ended.catch(() => undefined);
  // after the answer has gone out: the page that says so is still open then
  const done = (value: T): void => void setImmediate(() => events.emit('done', value));
  const page = await openPage(context, run, run.page(done));
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

async function openPage<T>(
  { terminal }: Context,
  { policy, setup, onSite }: PageRun<T>,
  page: Pick<Page, 'draw' | 'actions'>,
): Promise<ServedPage> {
  const { origin } = policy;
  try {
    return await servePage({ origin, listen: listenAt(policy, setup.pagePort), ...page });
  } catch (error) {
    if (!isTaken(error) || onSite === true || !(await isSite(origin))) throw error;
    const offered = await offerPage({ origin, ...page }, join(setup.serve.folder, 'pages'));
    if (offered !== null) {
      terminal.say('oneroof serve uses this address, and passes on the page of this command');
      return offered;
    }
    throw new OneRoofError('PAGE_UNSERVED', {
      ...stated`\`oneroof serve\` has the address ${{ origin }} and does not pass on the page of this command: it runs as another user, or with another oneroof.yaml`,
      fix: 'run this command as that user and with that oneroof.yaml, or end `oneroof serve` (Ctrl-C) for as long as it takes',
      cause: error,
    });
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof OneRoofError && error.code === 'PAGE_UNSERVED';
}

/** Serves the page of a ceremony until its statement counts; says who signs. */
export async function runCeremony(
  context: Context,
  of: {
    readonly ceremony: ShownCeremony;
    readonly setup: PageRun<never>['setup'];
    readonly unfinished: ProblemText;
    /** Whether the site of `oneroof serve` has a page for the statement. */
    readonly onSite?: true;
  },
): Promise<SigningState> {
  const { ceremony } = of;
  const before = await ceremony.standing();
  if (before.complete) return before;
  return await ownPage(context, of).catch(async (error: unknown): Promise<SigningState> => {
    if (!isTaken(error) || of.onSite !== true || !(await isSite(ceremony.policy.origin))) throw error;
    const page = `${ceremony.policy.origin}/statements/${statementDigest(ceremony.body)}`;
    if (!ceremony.policy.production) context.terminal.say(notForProduction);
    context.terminal.say(`oneroof serve uses this address: open ${page} and sign there; Ctrl-C stops waiting`);
    return await untilComplete(context, of);
  });
}

/** Between two questions whether the target has every signature. Milliseconds. */
const pace = 1000;

/** Waits until people have signed on the site. */
async function untilComplete(
  { signal }: Context,
  { ceremony, unfinished }: { readonly ceremony: ShownCeremony; readonly unfinished: ProblemText },
): Promise<SigningState> {
  for (;;) {
    const standing = await ceremony.standing();
    if (standing.complete) return standing;
    await wait(pace, undefined, { signal }).catch((cause: unknown): never => {
      throw new OneRoofError('INTERRUPTED', { ...unfinished, cause });
    });
  }
}

/** Asks without a word of ours: whatever has taken the port learns no token. */
async function isSite(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/healthz`, { redirect: 'error', signal: AbortSignal.timeout(5000) });
    return answer.ok && (await answer.text()) === '{"ok":true}';
  } catch {
    return false;
  }
}

async function ownPage(
  context: Context,
  of: Pick<Parameters<typeof runCeremony>[1], 'ceremony' | 'setup' | 'unfinished' | 'onSite'>,
): Promise<SigningState> {
  const { ceremony } = of;
  return await runPage<SigningState>(context, {
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
