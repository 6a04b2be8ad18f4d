import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { openBoard } from '../src/cli/work.io.ts';
import { openStore } from '../src/store.io.ts';
import { type Connection } from '../src/database/index.ts';
import { serveSite } from '../src/site/index.ts';
import { readSetup } from '../src/setup/index.ts';

/** Serves the site, or the least that any server of a page of some size does, in a process of its own; says what memory it takes. */
type Errand =
  | {
      readonly what: 'site';
      readonly home: string;
      readonly state: Connection;
      readonly port: number;
      readonly origin: string;
    }
  | { readonly what: 'bare'; readonly bytes: number; readonly port: number };

const errand = JSON.parse(process.env['ERRAND'] ?? '') as Errand;
process.on('message', () => process.send?.({ rss: process.memoryUsage.rss() }));
process.on('disconnect', () => process.exit());
if (errand.what === 'bare') {
  const page = `<!doctype html><title>x</title><p>${'x'.repeat(errand.bytes)}`;
  const app = new Hono().get('*', (context) => context.html(page));
  serve({ fetch: app.fetch, hostname: '127.0.0.1', port: errand.port }, () =>
    process.send?.({ token: 'x'.repeat(24) }),
  );
} else {
  const { home, state, port, origin } = errand;
  const setup = await readSetup(home);
  const { url } = await serveSite({
    setup,
    store: openStore(setup),
    board: openBoard(setup),
    state,
    origin,
    listen: { host: '127.0.0.1', port },
    tls: null,
    tokenFile: setup.serve.tokenFile,
    onDefect: (error) => process.stderr.write(`${String(error)}\n`),
  });
  process.send?.({ token: url.split('#')[1] });
}
