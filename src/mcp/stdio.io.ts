import { type Writable } from 'node:stream';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { onAbort } from '../core/index.ts';
import { openTools, type ToolService } from './tool-server.io.ts';

/** The longest message of a client. Bytes. */
const longestMessage = 1024 * 1024;

/** Serves the tools on standard input and output, until the client ends it or the server is ended; then every call is cancelled and cleans up. */
export async function serveOnStdio(
  service: Omit<ToolService, 'ending'>,
  of: { readonly out: Writable; readonly signal: AbortSignal; readonly onProblem: (problem: string) => void },
): Promise<void> {
  const ending = new AbortController();
  const tools = openTools({ ...service, ending: ending.signal });
  const transport = new StdioServerTransport(process.stdin, of.out as never, { maxBufferSize: longestMessage });
  const handle = serveStdio(tools.connect, { transport, onerror: ({ message }) => of.onProblem(message) });
  const reason = await new Promise<unknown>((end) => {
    for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => end(gone));
    of.out.once('error', () => end(gone));
    onAbort(of.signal, () => end(of.signal.reason));
  });
  ending.abort(reason);
  await tools.ended();
  await handle.close();
}

const gone = new Error('the client has ended the connection');
