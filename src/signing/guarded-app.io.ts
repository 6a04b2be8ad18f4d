import { type IncomingMessage } from 'node:http';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { securityHeaders } from '../html/index.ts';
import { type RequestClaims, type Turned, turnAway } from './guard.ts';

/** An assertion with an attestation takes less than 64 KiB. Bytes. */
const longestBody = 64 * 1024;
const headers = securityHeaders();

/** Where routes are added, behind the guard and the bound of a body; `further` turns away what the guard lets pass. */
export function guardedApp(of: {
  readonly origin: string;
  readonly further: (asked: RequestClaims) => Turned | null;
}): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const asked = askedBy(context);
    const turned = turnAway(asked, of.origin) ?? of.further(asked);
    if (turned !== null) return guardRefusal(turned);
    await next();
    return undefined;
  });
  app.use(bodyLimit({ maxSize: longestBody, onError: () => guardRefusal({ status: 413, problem: 'too long' }) }));
  return app;
}

/** The answer to a refused request. */
export function guardRefusal({ status, problem }: Turned): Response {
  return Response.json({ ok: false, code: 'refused', text: problem }, { status, headers });
}

function askedBy({ req, env }: Context): RequestClaims {
  return { method: req.method, path: req.path, target: targetOf(env) ?? req.path, header: (name) => req.header(name) };
}

/** The target of this request as it was sent; null where there is none. */
function targetOf(env: unknown): string | null {
  return typeof env === 'object' && env !== null && 'incoming' in env
    ? ((env.incoming as IncomingMessage).url ?? null)
    : null;
}
