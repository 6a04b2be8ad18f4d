import { type ActivityBoard } from '../activity/index.ts';
import { type Connection } from '../database/index.ts';
import { type Store } from '../kinds/index.ts';
import { type Setup } from '../setup/index.ts';
import { startListening } from '../web/index.ts';
import { type House } from './house.ts';
import { openLooks } from './looks.io.ts';
import { notify } from './notify/notify.io.ts';
import { openRecords } from './records.io.ts';
import { rooms } from './rooms.io.ts';
import { buildSite } from './site/index.ts';
import { openState } from './state/index.ts';
import { drawToken, readToken } from './token.io.ts';

/** How often the end of the entrance is put off. Milliseconds. */
const renewal = 3_600_000;

/** How the site is served. */
export interface ServePlan {
  readonly setup: Setup;
  readonly store: Store;
  /** Where commands tell what they do; the folder beside the evidence where absent. */
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
  /** Holds the token, behind the `#`: show it to the person at the terminal, nowhere else. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the site.
 *
 * Errors  PAGE_UNSERVED where the address is taken; those of openState and readToken.
 */
export async function serveSite(plan: ServePlan): Promise<Serving> {
  const { setup, origin } = plan;
  const state = await openState(plan.state, plan.onDefect);
  const stop = new AbortController();
  try {
    if (plan.token === 'draw') await state.shut();
    const token = plan.token === 'draw' ? drawToken(plan.tokenFile) : readToken(plan.tokenFile);
    await state.admit(token);
    const records = openRecords(plan.store);
    const house: House = {
      setup,
      records,
      board: plan.board,
      looks: openLooks(setup, records),
      state,
      origin,
      onProblem: plan.onDefect,
      signal: stop.signal,
    };
    const site = buildSite({ origin, state, routes: rooms(house), onDefect: plan.onDefect });
    const close = await startListening(plan, (request, env) => site.fetch(request, env));
    const telling = notify(house, plan.onDefect);
    const renewing = setInterval(() => void state.renew(token).catch(plan.onDefect), renewal).unref();
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
