import { rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { OneRoofError, printable, type ProcessMark, stated, whileAlone } from '../../core/index.ts';
import { type LoopbackPlace, serveOnHttp, serveOnStdio, toolAddress, type ToolService } from '../../mcp/index.ts';
import { pinSetup, readSetup, targetOf } from '../../setup/index.ts';
import { drawToken } from '../../site/index.ts';
import { packageFolder, version } from '../program-edition.io.ts';
import { performIn, printedIn } from '../tool-run.io.ts';
import { type CommandRun, type Context } from '../verb.ts';

/** Serves the tools of an agent until the client ends the connection, or it is interrupted. */
export const run: CommandRun = async (context) => {
  const { folder, options, signal, terminal } = context;
  await pinSetup(folder);
  const onProblem = (problem: string): void => terminal.say(printable(problem));
  const service: Omit<ToolService, 'ending'> = {
    folder,
    targets: await targetsOfServer(context),
    run: options['run'] === true,
    version: version(),
    forms: join(packageFolder(), 'docs', 'json.schema.json'),
    perform: performIn(context),
    printed: printedIn(context),
  };
  // a terminal's colours and width are nothing for a client
  process.stdout.isTTY = false;
  if (options['http'] === undefined) {
    await serveOnStdio(service, { out: ownOutput(), signal, onProblem });
    return { exit: 0, schema: 'oneroof/mcp/1', data: { address: null }, text: '' };
  }
  const listen = placeOf(options['http']);
  const address = toolAddress(listen);
  const file = resolve(folder, typeof options['tokenFile'] === 'string' ? options['tokenFile'] : '.oneroof/mcp.token');
  // a second server would draw a token of its own, and the clients of the first would find that one
  await whileAlone({ folder: dirname(file), work: basename(file), taken: servedBy(file) }, async () => {
    const token = drawToken(file);
    try {
      await serveOnHttp(service, {
        listen,
        token,
        signal,
        onListening: () => terminal.say(`clients open ${address} with the token in ${printable(file)}; Ctrl-C ends it`),
        onProblem,
      });
    } finally {
      rmSync(file, { force: true });
    }
  });
  return { exit: 0, schema: 'oneroof/mcp/1', data: { address }, text: '' };
};

const servedBy =
  (file: string) =>
  ({ pid, host }: ProcessMark): OneRoofError =>
    new OneRoofError('TOOL_SERVED', {
      ...stated`process ${{ pid }} of ${{ host: printable(host) }} serves tools with the token file ${{ file: printable(file) }}`,
      fix: `use that server, or end it (kill ${pid}); a second server for the same folder needs a file of its own: --token-file FILE`,
    });

/** The targets that calls may reach; null: all. */
async function targetsOfServer({ folder, options: { target } }: Context): Promise<readonly string[] | null> {
  if (typeof target !== 'string') return null;
  const setup = await readSetup(folder);
  return target.split(',').map((name) => targetOf(setup, name.trim()).name);
}

/** Standard output for messages alone: what else is written there goes to stderr, since one foreign line would end the protocol. */
function ownOutput(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return new Writable({
    write: (chunk: Buffer, _, done) => void write(chunk, (error) => done(error)),
  });
}

/** An address of this machine alone: no other can be named, so that no other machine reaches the tools. */
function placeOf(http: unknown): LoopbackPlace {
  const [, host = '127.0.0.1', port = ''] = /^(?:(127\.0\.0\.1|\[::1\]):)?([0-9]{1,5})$/.exec(String(http)) ?? [];
  if (!(Number(port) > 0 && Number(port) < 65_536))
    throw new OneRoofError('USAGE', {
      ...stated`--http ${{ value: printable(String(http)) }} is not a port of this machine`,
      fix: 'for example: --http 7341, or --http [::1]:7341',
    });
  return { host: host === '127.0.0.1' ? host : '::1', port: Number(port) };
}
