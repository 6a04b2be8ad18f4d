import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ProgressCallback, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { cli } from '../cli/run.io.ts';
import { freePort } from '../signing/browser.io.ts';

/** What a tool answered. */
export interface Told {
  readonly isError: boolean;
  readonly text: string;
  readonly value: Record<string, unknown>;
  /** The codes of its problems; empty where it has none. */
  readonly codes: readonly string[];
}

/** A client of the protocol, and the process of its server. */
export interface Connected {
  readonly client: Client;
  readonly pid: number;
  call(
    name: string,
    input?: Record<string, unknown>,
    options?: { readonly signal?: AbortSignal; readonly onprogress?: ProgressCallback },
  ): Promise<Told>;
  /** What the server wrote to stderr. */
  said(): string;
  close(): Promise<void>;
}

/** Without a time limit of its own: a rehearsal takes long. Milliseconds. */
const patience = 280_000;

function connected(client: Client, of: Pick<Connected, 'pid' | 'said' | 'close'>): Connected {
  return {
    ...of,
    client,
    call: async (name, input = {}, options = {}) => {
      const { content, isError, structuredContent } = await client.callTool(
        { name, arguments: input },
        { timeout: patience, resetTimeoutOnProgress: true, ...options },
      );
      const value = (structuredContent ?? {}) as Told['value'];
      const problems = (value['problems'] ?? []) as readonly { code: string }[];
      const [first] = content as readonly { text: string }[];
      return { isError: isError === true, text: first?.text ?? '', value, codes: problems.map(({ code }) => code) };
    },
  };
}

/** The two revisions of the protocol: with a handshake, and with a description in each request. */
export type Revision = 'legacy' | 'auto';

/** Starts `oneroof mcp` for a client on its standard input and output. */
export async function onStdio(
  folder: string,
  words: readonly string[] = [],
  mode: Revision = 'auto',
): Promise<Connected> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [cli, 'mcp', ...words],
    cwd: folder,
    env: process.env as Record<string, string>,
    stderr: 'pipe',
  });
  let text = '';
  transport.stderr?.on('data', (part: Buffer) => (text += part.toString()));
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return connected(client, { pid: transport.pid ?? 0, said: () => text, close: () => client.close() });
}

/** A server over HTTP, and what is needed to call it. */
export interface HttpServed {
  readonly address: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly pid: number;
  connect(mode?: Revision): Promise<Connected>;
  /** Ends it as Ctrl-C does. */
  end(): Promise<void>;
}

/** Starts `oneroof mcp --http`. */
export async function onHttp(
  folder: string,
  words: readonly string[] = [],
  file = '.oneroof/mcp.token',
): Promise<HttpServed> {
  const port = await freePort();
  const child = spawn(process.execPath, [cli, 'mcp', '--http', String(port), ...words], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = once(child, 'close');
  while (!text.includes('Ctrl-C ends it')) {
    if (child.exitCode !== null) throw new Error(text);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const tokenFile = join(folder, file);
  const token = readFileSync(tokenFile, 'utf8').trim();
  const address = `http://127.0.0.1:${port}/mcp`;
  const pid = child.pid ?? 0;
  return {
    address,
    token,
    tokenFile,
    pid,
    connect: async (mode = 'auto') => {
      const transport = new StreamableHTTPClientTransport(new URL(address), {
        requestInit: { headers: { authorization: `Bearer ${token}` } },
      });
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
      await client.connect(transport);
      return connected(client, { pid, said: () => text, close: () => client.close() });
    },
    end: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}

/** The memory of a process that is resident now. Bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes = 'NaN'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
