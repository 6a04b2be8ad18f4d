import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer as createListener } from 'node:net';
import { id, openSession, sql } from '../../../src/database/index.ts';
import { type Service } from './service.io.ts';

/** What a fake of an API answers. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** A call of an API. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

/** Serves a fake API while `use` runs. What breaks in it is a status 500 that its caller shows. */
export async function withApi<T>(
  answer: (call: Call) => Promise<Reply> | Reply,
  use: (url: string, calls: readonly Call[]) => Promise<T>,
): Promise<T> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const part of request) text += String(part);
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
      const call: Call = {
        method: request.method ?? '',
        path: pathname,
        query: searchParams,
        headers: request.headers,
        body: text === '' ? {} : (JSON.parse(text) as Call['body']),
      };
      calls.push(call);
      const { status, body } = await answer(call);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    })().catch((error: unknown) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Lets the server of copies be reached by a port, as services are. */
export async function withPort<T>({ copies }: Pick<Service, 'copies'>, use: (port: number) => Promise<T>): Promise<T> {
  const { host, port } = copies.connection('postgres');
  const listener = createListener((socket) => {
    const server = connect(`${host}/.s.PGSQL.${port}`);
    for (const [from, to] of [
      [socket, server],
      [server, socket],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  try {
    return await use((listener.address() as AddressInfo).port);
  } finally {
    listener.close();
  }
}

/** Refuses members that the documents do not name. */
export function only(body: object, names: readonly string[]): void {
  const other = Object.keys(body).filter((name) => !names.includes(name));
  if (other.length > 0) throw new Error(`unknown: ${other.join(', ')}`);
}

/** The databases behind a fake: one for each copy, on the server of copies. */
export function copiesOf({ copies }: Pick<Service, 'copies'>) {
  const admin = async (statement: ReturnType<typeof sql>): Promise<void> => {
    const session = await openSession(copies.connection('postgres'), { applicationName: 'fake' });
    try {
      await session.query(statement);
    } finally {
      await session.close();
    }
  };
  return {
    host: copies.connection('postgres').host,
    port: copies.connection('postgres').port,
    make: (name: string, from: string) =>
      admin(sql`create database ${id(name)} template ${id(from)} strategy file_copy`),
    drop: (name: string) => admin(sql`drop database if exists ${id(name)} with (force)`),
    /** As a superuser, as Database Lab makes its users. */
    role: (name: string) => admin(sql`create role ${id(name)} superuser login`),
  };
}
