import { userInfo } from 'node:os';
import { type CloneHost, type DatabaseName, openKept } from '../../clone/index.ts';
import { now, OneRoofError, printable } from '../../core/index.ts';
import { readSetup } from '../../setup/index.ts';
import { type Outcome } from '../output.io.ts';
import { withHost } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

const done = (what: string, data: Readonly<Record<string, unknown>> & { readonly text: string }): Outcome => {
  const { text, ...rest } = data;
  return { exit: 0, schema: `oneroof/clone-${what}/1`, data: rest, text };
};

const verbs: Readonly<Record<string, (host: CloneHost, context: Context) => Promise<Outcome>>> = {
  golden: async (host, { terminal, signal }) => {
    const golden = await host.makeGolden({
      signal,
      onProgress: ({ done: bytes, total }) => terminal.progress(`golden: ${bytes} of ${total} bytes`),
    });
    return done('golden', { golden, text: `${printable(golden.database)} (${golden.method})` });
  },
  make: async (host, { options }) => {
    const hours = Number(options['hours']);
    if (!(hours > 0 && hours <= 720))
      throw new OneRoofError('USAGE', { problem: '--hours wants a number from 1 to 720', fix: 'e.g. --hours 24' });
    const clone = await host.makeClone({ purpose: String(options['purpose']), owner: userInfo().username, hours });
    return done('make', { lease: clone.lease, text: printable(clone.lease.database) });
  },
  list: async (host) => {
    const leases = await host.list();
    const lines = leases.map(({ database, owner, expires, purpose }) =>
      [database, owner, expires, purpose].map(printable).join('\t'),
    );
    return done('list', { leases, text: lines.join('\n') });
  },
  drop: async (host, context) => {
    const database = context.arguments[0] as DatabaseName;
    await host.drop(database);
    return done('drop', { database, text: printable(database) });
  },
  gc: async (host) => {
    const dropped = await host.collectGarbage(now());
    return done('gc', { dropped, text: dropped.map(printable).join('\n') });
  },
};

/** Says how to connect to a clone; a clone of the physical provider is served for as long as the command runs. */
async function open(context: Context): Promise<Outcome> {
  const { clone } = await readSetup(context.folder);
  const database = context.arguments[0] as DatabaseName;
  if (clone?.provider !== 'physical') {
    const command = await withHost(await readSetup(context.folder), async (host) => host.howToConnect(database));
    return done('open', { command, text: printable(command) });
  }
  const kept = await openKept(clone, database);
  const { host, port, user } = kept.connection;
  const command = `psql "host=${host} port=${port} user=${user} dbname=${kept.connection.database}"`;
  try {
    context.terminal.say(`${printable(command)}\nThe clone is served until Ctrl-C.`);
    // the listener alone would not keep the process alive
    const alive = setInterval(() => undefined, 60_000);
    await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
    clearInterval(alive);
  } finally {
    await kept.close();
  }
  return done('open', { command, text: '' });
}

/** The commands of the group `clone`, by their second word. */
export const cloneVerb = (name: keyof typeof verbs): { readonly run: Run } => ({
  run: async (context) => {
    if (name === 'open') return open(context);
    return withHost(await readSetup(context.folder), async (host) => {
      const verb = verbs[name];
      if (verb === undefined)
        throw new OneRoofError('USAGE', { problem: `there is no clone ${name}`, fix: 'oneroof clone --help' });
      return verb(host, context);
    });
  },
});
