import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  type CloneHost,
  type DatabaseName,
  explainOrigin,
  type Golden,
  openKept,
  withHost,
} from '../../clone/index.ts';
import {
  elapsed,
  type Milliseconds,
  now,
  onAbort,
  OneRoofError,
  parseDuration,
  printable,
  stated,
} from '../../core/index.ts';
import { copiedGateSql } from '../../gate/index.ts';
import { readSetup } from '../../setup/index.ts';
import { cronLine } from '../cron-line.ts';
import { type CommandOutcome } from '../output.io.ts';
import { copyText } from '../text/index.ts';
import { type Context, type CommandRun } from '../verb.ts';

const done = (
  what: 'golden' | 'pull' | 'make' | 'list' | 'reset' | 'drop' | 'gc' | 'open',
  data: Readonly<Record<string, unknown>> & { readonly text: string },
): CommandOutcome => {
  const { text, ...rest } = data;
  return { exit: 0, schema: `oneroof/clone-${what}/1`, data: rest, text };
};

const verbs: Readonly<Record<string, (host: CloneHost, context: Context) => Promise<CommandOutcome>>> = {
  golden: async (host, context) => {
    const golden = await take(host, context);
    return done('golden', { golden, text: goldenText(golden) });
  },
  pull: async (host, context) => {
    const before = await host.golden();
    const oldest = olderThan(context.options['olderThan']);
    if (before !== null && oldest !== null && elapsed({ from: before.takenAt, to: now() }) < oldest)
      return done('pull', { taken: false, golden: before, text: '' });
    const golden = await take(host, context);
    return done('pull', { taken: true, golden, text: goldenText(golden) });
  },
  make: async (host, { options }) => {
    const hours = Number(options['hours']);
    if (!(hours > 0 && hours <= 720))
      throw new OneRoofError('USAGE', {
        ...stated`--hours expects a number from 1 to 720`,
        fix: 'for example: --hours 24',
      });
    const clone = await host.makeClone({ purpose: String(options['purpose']), owner: userInfo().username, hours });
    // this command ends at once, and its clone is to stay as long as it was asked for
    const lease = await host.keep(clone.lease.database, hours);
    return done('make', { lease, text: printable(lease.database) });
  },
  list: async (host) => {
    const leases = await host.list();
    const lines = leases.map(({ database, owner, expires, purpose, sampled }) =>
      [database, owner, expires, purpose, ...(sampled === undefined ? [] : ['sampled'])].map(printable).join('\t'),
    );
    return done('list', { leases, text: lines.join('\n') });
  },
  reset: async (host, context) => {
    const lease = await host.reset(context.arguments[0] as DatabaseName);
    return done('reset', { lease, text: printable(lease.database) });
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

function take(host: CloneHost, { terminal, signal }: Context): Promise<Golden> {
  const began = performance.now();
  return host.makeGolden({
    signal,
    onProgress: ({ done, total }) => terminal.progress(copyText({ done, total, spentMs: performance.now() - began })),
    onNotice: (text) => terminal.say(printable(text)),
    gateSql: copiedGateSql,
  });
}

function goldenText(golden: Golden): string {
  return [`${golden.database} (${golden.method})`, ...explainOrigin(golden)].map(printable).join('\n');
}

/** Null where a copy is to be taken however new the newest is. */
function olderThan(value: Context['options'][string]): Milliseconds | null {
  if (value === undefined) return null;
  const length = parseDuration(String(value));
  if (length !== null) return length;
  throw new OneRoofError('USAGE', {
    ...stated`--older-than ${{ value: printable(String(value)) }} is not a length of time`,
    fix: 'for example: --older-than 24h',
  });
}

/** The line for cron: it has no folder, no path and no variables of the shell that it was written in. */
async function printCron({ folder, options }: Context): Promise<CommandOutcome> {
  const { file, clone } = await readSetup(folder);
  if (clone === null)
    throw new OneRoofError('CONFIG_INVALID', {
      ...stated`${{ file }} has no place for clones`,
      fix: 'fill in `clone:` in oneroof.yaml',
    });
  const home = dirname(resolve(file));
  const age = options['olderThan'];
  olderThan(age);
  const main = process.argv[1] === undefined ? [] : [realpathSync(process.argv[1])];
  const line = cronLine({
    folder: home,
    command: [process.execPath, ...main, 'clone', 'pull', ...(age === undefined ? [] : ['--older-than', String(age)])],
    log: join(home, '.oneroof', 'clone-pull.log'),
  });
  return done('pull', { cron: line, text: printable(line) });
}

/** Says how to connect to a clone; a clone of the physical provider is served for as long as the command runs. */
async function open(context: Context): Promise<CommandOutcome> {
  const { clone } = await readSetup(context.folder);
  const database = context.arguments[0] as DatabaseName;
  if (clone === null || clone.provider === 'template' || clone.provider === 'exec') {
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
    await new Promise<void>((resolve) => onAbort(context.signal, resolve));
    clearInterval(alive);
  } finally {
    await kept.close();
  }
  return done('open', { command, text: '' });
}

/** The commands of the group `clone`, by their second word. */
export const cloneVerb = (name: keyof typeof verbs): { readonly run: CommandRun } => ({
  run: async (context) => {
    if (name === 'open') return open(context);
    if (name === 'pull' && context.options['printCron'] === true) return printCron(context);
    return withHost(await readSetup(context.folder), async (host) => {
      const verb = verbs[name];
      if (verb === undefined)
        throw new OneRoofError('USAGE', { ...stated`there is no clone ${{ name }}`, fix: 'oneroof clone --help' });
      return verb(host, context);
    });
  },
});
