import { type Context, type Hono } from 'hono';
import { OneRoofError } from '../../core/index.ts';
import { pageResponse, securityHeaders } from '../../html/index.ts';
import { guardedApp } from '../../signing/index.ts';
import { type Reply, type Route } from '../room.ts';
import { type State } from '../state/index.ts';
import { outgoingOf, sendEvents } from './events.io.ts';
import { type SessionGate, openSessionGate } from './session-gate.io.ts';
import { busy, enterRoutes } from './enter.io.ts';
import { outward } from './outward.ts';
import { problemPage } from './problem.ts';
import { cookieName, secretOf } from './secret.ts';

const bare = securityHeaders();

/** The whole site as one function from request to answer: the guard before every route, the security headers on every answer. */
export function buildSite(of: {
  readonly origin: string;
  readonly state: State;
  readonly routes: readonly Route[];
  /** Called with unexpected errors; the visitor does not see them. */
  readonly onDefect: (error: unknown) => void;
}): Hono {
  const { origin, onDefect } = of;
  const door = openSessionGate(of.state);
  const app = guardedApp({ origin, further: () => null });
  const open = new Set([...enterRoutes(door, origin), ...of.routes].filter(({ who }) => who === 'anybody'));
  for (const route of [...open, ...of.routes.filter((one) => !open.has(one))])
    app.on(route.method, route.path, async (context) => {
      const turned = route.who === 'anybody' ? null : await refuseStranger(context, { origin, door });
      if (turned !== null) return turned;
      const reply = await route.handle(await visitOf(context));
      const outgoing = outgoingOf(context.env);
      if (reply.kind === 'events' && outgoing !== null)
        return sendEvents(outgoing, reply.run, { headers: bare, onDefect });
      return answer(context, reply, origin);
    });
  app.notFound(
    async (context) =>
      (await refuseStranger(context, { origin, door })) ??
      answer(
        context,
        {
          kind: 'page',
          status: 404,
          document: problemPage('There is no such page', 'Go back, or start at the releases.'),
        },
        origin,
      ),
  );
  app.onError((error, context) => {
    if (error instanceof OneRoofError) return refusal(context, error, origin);
    onDefect(error);
    return Response.json(
      { ok: false, code: 'INTERNAL', text: 'this failed; the terminal of the server has the details' },
      { status: 500, headers: bare },
    );
  });
  return app;
}

/** null: the visitor is signed in. */
async function refuseStranger(
  context: Context,
  of: { readonly origin: string; readonly door: SessionGate },
): Promise<Response | null> {
  const secret = secretOf((name) => context.req.header(name), of.origin);
  const said = secret === null ? 'out' : await of.door.knows(secret);
  if (said === 'in') return null;
  return said === 'busy' ? Response.json(busy, { status: 429, headers: bare }) : locked(context);
}

async function visitOf(context: Context) {
  const { req } = context;
  const body: unknown = req.method === 'POST' ? await req.json().catch(() => null) : null;
  return { params: req.param() as Record<string, string>, query: req.query(), body };
}

/** A visitor without a session learns nothing about what exists. */
function locked(context: Context): Response {
  const wantsPage = context.req.header('accept')?.includes('text/html') === true && context.req.method === 'GET';
  if (wantsPage) return new Response(null, { status: 303, headers: { ...bare, location: '/enter' } });
  return Response.json(
    { ok: false, code: 'locked', text: 'open the address that the terminal showed, or send its token as Bearer' },
    { status: 401, headers: bare },
  );
}

function refusal(context: Context, error: OneRoofError, origin: string): Response | Promise<Response> {
  const [{ code, ...said }] = error.problems;
  const [problem, fix] = [outward(said.problem), outward(said.fix)];
  const status = error.exitStatus === 4 ? 503 : 400;
  if (context.req.header('accept')?.includes('text/html') === true && context.req.method === 'GET')
    return answer(context, { kind: 'page', status, document: problemPage(problem, fix, code) }, origin);
  return Response.json({ ok: false, code, text: problem, fix }, { status, headers: bare });
}

function answer(_: Context, reply: Reply, origin: string): Response | Promise<Response> {
  switch (reply.kind) {
    case 'page':
      return pageResponse(reply.document, 'site', reply.status);
    case 'json': {
      const secure = origin.startsWith('https:') ? '; Secure' : '';
      const cookie =
        reply.cookie === undefined
          ? {}
          : {
              'set-cookie': `${cookieName(origin)}=${reply.cookie}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200${secure}`,
            };
      return Response.json(reply.value, { status: reply.status ?? 200, headers: { ...bare, ...cookie } });
    }
    case 'go':
      return new Response(null, { status: 303, headers: { ...bare, location: reply.to } });
    case 'text': {
      const name =
        reply.name === undefined
          ? {}
          : { 'content-disposition': `attachment; filename="${reply.name.replace(/[^A-Za-z0-9._-]/g, '_')}"` };
      return new Response(reply.text, { headers: { ...bare, 'content-type': reply.type, ...name } });
    }
    case 'passed on':
      return reply.response;
    case 'events':
      // without a socket of ours there is nothing to send on
      return Response.json(
        { ok: false, code: 'refused', text: 'only the server sends events' },
        { status: 501, headers: bare },
      );
    default:
      return reply satisfies never;
  }
}
