import { type ActivityBoard } from '../activity/index.ts';
import { type Connection } from '../database/index.ts';
import { OneRoofError, stated } from '../core/index.ts';
import { type Store } from '../evidence-kinds/index.ts';
import { type Setup } from '../setup/index.ts';
import { startListening } from '../signing/index.ts';
import { type SiteServices } from './site-services.ts';
import { openLooks } from './looks.io.ts';
import { notify } from './notify/notify.io.ts';
import { openRecords } from './records.io.ts';
import { rooms } from './rooms.io.ts';
import { buildSite } from './access/index.ts';
import { openState, type State } from './state/index.ts';
import { drawToken, readToken } from './token.io.ts';

/** How often the end of the entrance is put off. Milliseconds. */
const renewal = 3_600_000;

/** How the site is served. */
export interface ServePlan {
  readonly setup: Setup;
  readonly store: Store;
  /** Where commands tell what they do. */
  readonly board: ActivityBoard;
  /** Where the server keeps its own state. */
  readonly state: Connection;
  readonly origin: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** PEM; null: plain http on this machine, or a proxy that speaks TLS. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  /** The file of the token that lets one in; made where it is not there. */
  readonly tokenFile: string;
  /** `draw`: every token and every visitor so far is shown out, on all servers that share the state, and a new token is drawn. */
  readonly token?: 'draw';
  readonly onDefect: (error: unknown) => void;
}

/** A site that is being served. */
export interface Serving {
  /** Contains the token, after the `#`: show it only to the person at the terminal. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the site.
 *
 * Errors  PAGE_UNSERVED where the address is taken; those of openState and readToken.
 */
export async function serveSite(plan: ServePlan): Promise<Serving> {
  const { setup, origin, onDefect } = plan;
  // read before anything starts: a variable that is not set must not end a site that is served
  const { webhooks } = setup.serve;
  const state = await openState(plan.state, onDefect);
  const stop = new AbortController();
  try {
    const records = openRecords(plan.store);
    const services: SiteServices = {
      setup,
      records,
      board: plan.board,
      looks: openLooks(setup, records),
      state,
      origin,
      onProblem: onDefect,
      signal: stop.signal,
    };
    const site = buildSite({ origin, state, routes: rooms(services), onDefect });
    // first: if the address is taken, the token of the site there must not change
    const close = await startListening(plan, (request, env) => site.fetch(request, env)).catch(sayingUnchanged(plan));
    const token = await admitToken(plan, state).catch(async (error: unknown) => {
      await close();
      throw error;
    });
    const telling = notify(services, { webhooks, onDefect });
    const renewing = setInterval(() => void state.renew(token).catch(onDefect), renewal).unref();
    return {
      url: `${origin}/enter#${token}`,
      close: async () => {
        stop.abort();
        clearInterval(renewing);
        await close();
        await telling;
        await state.close();
      },
    };
  } catch (error) {
    await state.close();
    throw error;
  }
}

async function admitToken({ token: wanted, tokenFile }: ServePlan, state: State): Promise<string> {
  if (wanted === 'draw') await state.shut();
  const token = wanted === 'draw' ? drawToken(tokenFile) : readToken(tokenFile);
  await state.admit(token);
  return token;
}

/** A new token was requested while the site is served: the error says first whether the old one still works. */
function sayingUnchanged({ token }: ServePlan): (error: unknown) => never {
  return (error) => {
    if (token !== 'draw' || !(error instanceof OneRoofError) || error.code !== 'PAGE_UNSERVED') throw error;
    throw new OneRoofError('PAGE_UNSERVED', {
      ...stated`${{ why: error.problems[0].problem }}; the token was not changed`,
      fix: 'end the `oneroof serve` that runs there (Ctrl-C), then type this again: it shows an address with the new token',
      cause: error,
    });
  };
}
