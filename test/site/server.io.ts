import { join } from 'node:path';
import { type Connection } from '../../src/database/index.ts';
import { openBoard } from '../../src/cli/work.io.ts';
import { openStore } from '../../src/store.io.ts';
import { serveSite } from '../../src/site/index.ts';
import { readSetup } from '../../src/setup/index.ts';

/** A server that says what it costs when it is asked, and stops when it is told to. */
const { home, port, state } = JSON.parse(process.env['ERRAND'] ?? '') as {
  readonly home: string;
  readonly port: number;
  readonly state: Connection;
};
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(warning.message));
const setup = await readSetup(home);
const serving = await serveSite({
  setup,
  store: openStore(setup),
  board: openBoard(setup),
  state,
  origin: `http://localhost:${port}`,
  listen: { host: '127.0.0.1', port },
  tls: null,
  tokenFile: join(home, 'token'),
  onDefect: (error) => warnings.push(String(error)),
});
process.on('message', (message) => {
  if (message === 'stop') void serving.close().then(() => process.exit());
  else {
    global.gc?.();
    const { user, system } = process.cpuUsage();
    process.send?.({ rss: process.memoryUsage.rss(), cpuMs: (user + system) / 1000, warnings });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ token: serving.url.split('#')[1] });
