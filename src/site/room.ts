import { type Document } from '../html/index.ts';

/** One request, after the guard let it in. */
export interface Visit {
  /** The parts of the path that the route names; decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The JSON of a POST; null for a GET, and if it is not JSON. Not checked yet. */
  readonly body: unknown;
}

/** What is answered. */
export type Reply =
  | { readonly kind: 'page'; readonly document: Document; readonly status?: number }
  | { readonly kind: 'json'; readonly value: object; readonly status?: number; readonly cookie?: string }
  | { readonly kind: 'go'; readonly to: string }
  | { readonly kind: 'text'; readonly type: string; readonly text: string; readonly name?: string }
  /** The answer of a page that is served elsewhere. */
  | { readonly kind: 'passed on'; readonly response: Response }
  | { readonly kind: 'events'; readonly run: (send: Send, signal: AbortSignal) => Promise<void> };

/** Sends one server-sent event; resolves when it was handed to the socket, false once the visitor is gone. */
export type Send = (event: { readonly event: string; readonly data: object; readonly id?: string }) => Promise<boolean>;

/** One address and what it answers. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As hono has it: `/releases/:seal`. */
  readonly path: string;
  /** `anyone`: without a session; only for pages that reveal nothing. */
  readonly who?: 'anybody';
  readonly handle: (visit: Visit) => Promise<Reply>;
}

/** A page that is not there. */
export function notFound(what: string): Reply {
  return { kind: 'json', status: 404, value: { ok: false, code: 'not-found', text: `there is no ${what}` } };
}
