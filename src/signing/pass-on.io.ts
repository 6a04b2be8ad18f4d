import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../core/index.ts';
import { type Page, type ServedPage, servePage } from './serve-page.io.ts';

/** Where the site has the pages that it passes on. */
export const passedOnAt = '/pages';
/** The form of a page's token; it names a file, too. */
const token = /^[A-Za-z0-9_-]{32}$/;
/** How long drawing a page may take. Milliseconds. */
const patience = 30_000;
const offer = z.strictObject({ pid: z.number().int().positive(), socket: z.string() });

/** A request for a page that the site passes on, after the guard of the site. */
export interface PassedOn {
  readonly method: 'GET' | 'POST';
  readonly token: string;
  /** Empty: the page itself. */
  readonly action: string;
  readonly origin: string;
  /** JSON. */
  readonly body: unknown;
}

/**
 * Serves one page behind the site that has its address. The page listens on a socket that this user alone can open, and a file in `folder`
 * tells the site of it: the site learns of pages from who can write there, and from no request. null: what has the address does not pass
 * the page on.
 */
export async function offerPage(page: Omit<Page, 'listen'>, folder: string): Promise<ServedPage | null> {
  const home = mkdtempSync(join(tmpdir(), 'oneroof-page-'));
  const socket = join(home, 'socket');
  let reached = false;
  const draw: Page['draw'] = () => {
    reached = true;
    return page.draw();
  };
  const served = await servePage({ ...page, draw, listen: { path: socket }, at: passedOnAt });
  const file = join(folder, new URL(served.url).pathname.split('/')[2] ?? '');
  const close = async (): Promise<void> => {
    rmSync(file, { force: true });
    await served.close();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeEnded(folder);
    writeFileSync(file, JSON.stringify({ pid: process.pid, socket }), { mode: 0o600, flag: 'wx' });
    // asked for as a browser does; whatever has the address can answer, and only the site can reach the page
    const answer = await fetch(served.url, { redirect: 'error', signal: AbortSignal.timeout(patience) });
    await answer.body?.cancel();
    if (answer.ok && reached) return { url: served.url, close };
  } catch {
    // this user cannot write there, or nothing answers
  }
  await close();
  return null;
}

/** Passes a request on to the page of a command, with the headers that the guard of the site has checked; null: there is no such page. */
export async function passOn(of: PassedOn, folder: string): Promise<Response | null> {
  const offered = token.test(of.token) ? offerIn(join(folder, of.token)) : null;
  if (offered === null) return null;
  const { method, origin } = of;
  return new Promise((resolve) => {
    const headers = {
      host: new URL(origin).host,
      ...(method === 'POST' ? { origin, 'content-type': 'application/json' } : {}),
    };
    const path = `/${of.token}/${encodeURIComponent(of.action)}`;
    const sent = request({ socketPath: offered.socket, method, path, headers }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () =>
        resolve(
          new Response(Buffer.concat(pieces), { status: answer.statusCode ?? 502, headers: kept(answer.headers) }),
        ),
      );
      answer.on('error', () => resolve(null));
    });
    // the command has ended, or belongs to a user whose socket this one cannot open
    sent.on('error', () => resolve(null));
    sent.end(method === 'POST' ? JSON.stringify(of.body) : undefined);
  });
}

/** What is said of the answer, without what is said of the connection. */
function kept(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && !ofConnection.has(name) ? [[name, value]] : [],
    ),
  );
}

function offerIn(file: string): z.output<typeof offer> | null {
  try {
    const read = offer.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** What commands left that were killed. */
function removeEnded(folder: string): void {
  for (const name of readdirSync(folder)) {
    const offered = offerIn(join(folder, name));
    if (offered !== null && !isAlive(offered.pid)) rmSync(join(folder, name), { force: true });
  }
}
