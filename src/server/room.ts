import { type Document } from '../page/index.ts';

/** One request, after the guard let it in. */
export interface Visit {
  /** The parts of the path that the route names; decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The JSON of a POST; null for a GET, and for what is no JSON. Not checked yet. */
  readonly body: unknown;
  /** Aborted when the visitor goes away, or the server stops. */
  readonly signal: AbortSignal;
}

/** What is answered. */
export type Reply =
  | { readonly kind: 'page'; readonly document: Document; readonly status?: number }
  | { readonly kind: 'json'; readonly value: object; readonly status?: number; readonly cookie?: string }
  | { readonly kind: 'go'; readonly to: string }
  | { readonly kind: 'text'; readonly type: string; readonly text: string; readonly name?: string }
  | { readonly kind: 'events'; readonly run: (send: Send, signal: AbortSignal) => Promise<void> };

/** Sends one server-sent event; resolves when it was handed to the socket, false once the visitor is gone. */
export type Send = (event: { readonly event: string; readonly data: object; readonly id?: string }) => Promise<boolean>;

/** One address and what it answers. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As hono has it: `/releases/:seal`. */
  readonly path: string;
  /** `anybody`: without having entered; only for what tells nothing. */
  readonly who?: 'anybody';
  readonly handle: (visit: Visit) => Promise<Reply>;
}

/** A page that is not there. */
export function notFound(what: string): Reply {
  return { kind: 'json', status: 404, value: { ok: false, code: 'not-found', text: `there is no ${what}` } };
}
