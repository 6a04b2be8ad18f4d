import { randomBytes } from 'node:crypto';
import { OneRoofError } from '../core/index.ts';
import { type Document, pageResponse, scriptText, scriptType, securityHeaders } from '../html/index.ts';
import { type Answer } from './answer.ts';
import { turnFromPage } from './guard.ts';
import { guardedApp, guardRefusal } from './guarded-app.io.ts';
import { type ListenPlace, startListening } from './listen.io.ts';

/** One page and what it can do. */
export interface Page {
  readonly origin: string;
  /** Where to listen; behind a proxy for TLS this is not the origin's. */
  readonly listen: ListenPlace;
  /** The path below which the site passes it on; absent: nothing is before its token. */
  readonly at?: string;
  readonly draw: () => Promise<Document>;
  readonly actions: Readonly<Record<string, (body: unknown) => Promise<Answer>>>;
}

/** A page that is being served. */
export interface ServedPage {
  /** Holds the token: show it to the person at the terminal, nowhere else. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves one page at an address that cannot be guessed.
 *
 * Errors  PAGE_UNSERVED where the address is taken.
 */
export async function servePage(page: Page): Promise<ServedPage> {
  const token = randomBytes(24).toString('base64url');
  const app = guardedApp({ origin: page.origin, further: (asked) => turnFromPage(asked, token) });
  app.get('/:token/', async () => pageResponse(await page.draw(), 'single'));
  app.get('/:token/:file', (context) => {
    const text = scriptText(context.req.param('file'));
    if (text === null) return guardRefusal({ status: 404, problem: 'there is no such page' });
    return new Response(text, { headers: { ...securityHeaders(), 'content-type': scriptType } });
  });
  // One at a time: two people who finish at once are counted one after the other.
  let last: Promise<unknown> = Promise.resolve();
  app.post('/:token/:action', async (context) => {
    const action = Object.hasOwn(page.actions, context.req.param('action'))
      ? page.actions[context.req.param('action')]
      : undefined;
    if (action === undefined) return guardRefusal({ status: 404, problem: 'there is no such page' });
    const body: unknown = await context.req.json().catch(() => null);
    const answer = last.then(() => act(() => action(body)));
    // one that failed is not the next one's
    last = answer.catch(() => undefined);
    return Response.json(await answer, { headers: securityHeaders() });
  });
  const close = await startListening({ listen: page.listen, tls: null }, (request, env) => app.fetch(request, env));
  return { url: `${page.origin}${page.at ?? ''}/${token}/`, close };
}

async function act(action: () => Promise<Answer>): Promise<Answer> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof OneRoofError) {
      return { ok: false, code: error.problems[0]?.code ?? 'INTERNAL', text: error.message };
    }
    throw error;
  }
}
