import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { dirname } from 'node:path';
import { serve as listen } from '@hono/node-server';
import { type ActivityBoard } from '../activity/index.ts';
import { OneRoofError } from '../core/index.ts';
import { type Connection } from '../database/index.ts';
import { type EvidenceStore } from '../evidence/index.ts';
import { type Setup } from '../setup/index.ts';
import { type House } from './house.ts';
import { openLooks } from './looks.io.ts';
import { notify } from './notify/notify.io.ts';
import { openRecords } from './records.io.ts';
import { rooms } from './rooms.io.ts';
import { buildSite } from './site/index.ts';
import { openState } from './state/index.ts';

/** How the site is served. */
export interface ServePlan {
  readonly setup: Setup;
  readonly store: EvidenceStore;
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
 * Errors  PAGE_UNSERVED where the address is taken; those of openState.
 */
export async function serveSite(plan: ServePlan): Promise<Serving> {
  const { setup, origin } = plan;
  const token = readToken(plan.tokenFile);
  const state = await openState(plan.state);
  const stop = new AbortController();
  try {
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
    const close = await listening(plan, (request, env) => site.fetch(request, env));
    const telling = notify(house, plan.onDefect);
    return {
      url: `${origin}/enter#${token}`,
      close: async () => {
        stop.abort();
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

function listening(
  plan: ServePlan,
  fetch: (request: Request, env: object) => Response | Promise<Response>,
): Promise<() => Promise<void>> {
  const { host, port } = plan.listen;
  const secure =
    plan.tls === null
      ? {}
      : { createServer: createHttpsServer, serverOptions: { cert: plan.tls.certificate, key: plan.tls.key } };
  return new Promise((resolve, reject) => {
    const server = listen({ fetch, hostname: host, port, autoCleanupIncoming: true, ...secure }, () =>
      resolve(
        () =>
          new Promise((done) => {
            server.close(() => done());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      ),
    );
    server.once('error', (cause) =>
      reject(
        new OneRoofError('PAGE_UNSERVED', {
          problem: `the site cannot be served at ${host}:${port}: ${cause.message}`,
          fix: 'end what listens there, or choose another pagePort in oneroof.yaml',
          cause,
        }),
      ),
    );
  });
}

/** The token outlives the process, so that an address that somebody keeps goes on to work. */
function readToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (/^[A-Za-z0-9_-]{16,128}$/.test(token)) return token;
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `${file} does not hold a token of 16 to 128 letters, digits, hyphens and underscores`,
      fix: 'remove the file: the next start draws a new token',
    });
  } catch (error) {
    if (error instanceof OneRoofError || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const token = randomBytes(24).toString('base64url');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
    return token;
  }
}
