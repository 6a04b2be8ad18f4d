import { createMcpHandler } from '@modelcontextprotocol/server';
import { onAbort } from '../core/index.ts';
import { startListening } from '../signing/index.ts';
import { openTools, type ToolService } from './tool-server.io.ts';
import { toolPath, turnCall } from './turn-call.ts';

/** The longest body of a request. Bytes. */
const longestBody = 1024 * 1024;

/** The most requests that are read and begun at once; a call that runs or waits in its queue is bounded there. */
const mostBegun = 64;

/** Where the tools are served on this machine: no other address can be named. */
export interface LoopbackPlace {
  readonly host: '127.0.0.1' | '::1';
  readonly port: number;
}

/** The address of the tools. */
export function toolAddress({ host, port }: LoopbackPlace): string {
  return `http://${host === '::1' ? '[::1]' : host}:${port}${toolPath}`;
}

/** Serves the tools over HTTP to those who have the token, until the server is ended; then every call is cancelled and cleans up. */
export async function serveOnHttp(
  service: Omit<ToolService, 'ending'>,
  of: {
    readonly listen: LoopbackPlace;
    readonly token: string;
    readonly signal: AbortSignal;
    readonly onListening: () => void;
    readonly onProblem: (problem: string) => void;
  },
): Promise<void> {
  const ending = new AbortController();
  const tools = openTools({ ...service, ending: ending.signal });
  const handler = createMcpHandler(tools.connect, {
    maxRequestBodySize: longestBody,
    onerror: ({ message }) => of.onProblem(message),
  });
  const { port } = of.listen;
  const guard = { hosts: [`127.0.0.1:${port}`, `[::1]:${port}`, `localhost:${port}`], token: of.token };
  let begun = 0;
  const close = await startListening({ listen: of.listen, tls: null }, async (request) => {
    const { method, headers, url } = request;
    const turned = turnCall({ method, path: new URL(url).pathname, header: (name) => headers.get(name) }, guard);
    if (turned !== null) return Response.json({ problem: turned.problem }, { status: turned.status });
    if (begun >= mostBegun)
      return Response.json({ problem: 'too many requests at once: wait, then call again' }, { status: 503 });
    begun += 1;
    return await handler.fetch(request).finally(() => (begun -= 1));
  });
  try {
    of.onListening();
    // the listener alone would not keep the process alive
    const alive = setInterval(() => undefined, 60_000);
    await new Promise<void>((end) => {
      onAbort(of.signal, end);
    });
    clearInterval(alive);
    ending.abort(of.signal.reason);
    await tools.ended();
  } finally {
    await handler.close();
    await close();
  }
}
