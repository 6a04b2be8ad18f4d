import { type ChildProcess, fork } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run as rehearse } from '../../src/cli/commands/rehearse.io.ts';
import { run as seal } from '../../src/cli/commands/seal.io.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { readable, type Store } from '../../src/evidence-kinds/index.ts';
import { type Policy } from '../../src/people/index.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { assertion, type Gated, type GatedPlan, type Signer, withGate } from '../gate/cycle.io.ts';
import { freePort } from '../signing/browser.io.ts';
import { desk } from '../signing/desk.io.ts';

/** A rehearsed release with a gate that waits for people, and servers to ask them on. */
export interface ServedFixture {
  readonly gated: Gated;
  readonly home: string;
  readonly origin: string;
  readonly store: Store;
  readonly state: Connection;
  readonly command: ReturnType<typeof desk>['command'];
  readonly said: readonly string[] & { length: number };
  readonly interrupt: () => void;
  /** Starts a server of its own process. `stranger`: as a user that owns nothing but `home`. */
  start(as?: { readonly port?: number; readonly uid?: number }): Promise<Served>;
}

/** A server in a process of its own. */
export interface Served {
  readonly process: ChildProcess;
  readonly origin: string;
  /** Lets a program in. */
  readonly token: string;
  /** Asks as somebody who was let in; posts where there is a body. */
  ask(path: string, body?: object): Promise<Record<string, unknown>>;
  page(path: string): Promise<string>;
  /** What the server said of itself. */
  warnings(): Promise<readonly string[]>;
  kill(): Promise<void>;
}

/** Makes all of it, hands it over, and takes it away. `more` goes into oneroof.yaml, `plan` into the gate. */
export async function withServedFixture(
  more: string,
  use: (ground: ServedFixture) => Promise<void>,
  plan: GatedPlan = {},
): Promise<void> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
  await withGate('18', { ...plan, policy: { origin, rpId: 'localhost', window } }, async (gated) => {
    const { database, folder } = gated;
    const url = (role: string): string =>
      `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
    await gated.as('app_owner', async (session) => {
      await session.query(sql`grant usage on schema public to oneroof_observer`);
      await session.query(sql`grant select on all tables in schema public to oneroof_observer`);
    });
    await runSql(database, [`revoke temporary on database ${database.database} from public`]);
    const home = mkdtempSync(join(tmpdir(), 'oneroof-ground-'));
    writeFileSync(
      join(home, 'oneroof.yaml'),
      [
        'targets:',
        '  production:',
        `    url: "${url('oneroof_observer')}"`,
        `    relay: { url: "${url('oneroof_relay')}" }`,
        `    executor: { url: "${url('oneroof_executor')}" }`,
        'evidence: evidence',
        'clone:',
        '  provider: template',
        `  admin: { url: "postgres://postgres@/postgres?host=${encodeURIComponent(database.host)}" }`,
        `  source: ${database.database}`,
        '  sameServer: true',
        more,
      ].join('\n'),
    );
    const { command, said, interrupt } = desk(home, folder);
    await command(seal);
    const rehearsed = await command(rehearse, { golden: true });
    if (rehearsed.exit !== 0) throw new Error(rehearsed.text);
    const running: Served[] = [];
    await withDatabase('18', async (state) => {
      const start: ServedFixture['start'] = async (as = {}) => {
        const served = await serve({ home, state, port: as.port ?? port, uid: as.uid ?? null });
        running.push(served);
        return served;
      };
      const store = readable(openFolderStore(join(home, 'evidence')));
      await use({ gated, home, origin, store, state, command, said, interrupt, start }).finally(() =>
        Promise.all(running.map((one) => one.kill())),
      );
    }).finally(() => rmSync(home, { recursive: true }));
  });
}

async function serve(of: {
  readonly home: string;
  readonly state: Connection;
  readonly port: number;
  readonly uid: number | null;
}): Promise<Served> {
  const { home, state, port, uid } = of;
  if (uid !== null) for (const name of ['', ...names(home)]) chownSync(join(home, name), uid, uid);
  const origin = `http://localhost:${port}`;
  const child = fork(join(import.meta.dirname, 'server.io.ts'), [], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, HOME: home, TMPDIR: tmpdir(), ERRAND: JSON.stringify({ home, port, state }) },
    ...(uid === null ? {} : { uid, gid: uid }),
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = (): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      child.once('message', (message) => resolve(message as Record<string, unknown>));
      void gone.then(() => reject(new Error('the server ended')));
    });
  const { token } = await said();
  const headers = { authorization: `Bearer ${String(token)}` };
  return {
    process: child,
    origin,
    token: String(token),
    ask: async (path, body) => {
      const sent =
        body === undefined
          ? { headers }
          : {
              method: 'POST',
              headers: { ...headers, origin, 'content-type': 'application/json' },
              body: JSON.stringify(body),
            };
      return (await (await fetch(`${origin}${path}`, sent)).json()) as Record<string, unknown>;
    },
    page: async (path) => (await fetch(`${origin}${path}`, { headers: { ...headers, accept: 'text/html' } })).text(),
    warnings: async () => {
      const answer = said();
      child.send('measure');
      return (await answer)['warnings'] as readonly string[];
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function names(home: string): readonly string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' });
}

/** What an authenticator of `by` makes of a prompt for these bytes. */
export function signedBy(gated: Gated, by: Signer, of: { readonly body: string; readonly ceremony: unknown }): object {
  const { origin, rpId } = gated.policy;
  const made = assertion(by, of.body, { origin, rpId });
  const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  return {
    ceremony: of.ceremony,
    credential: made.credential,
    authenticatorData: encode(made.authenticatorData),
    clientDataJSON: encode(made.clientDataJSON),
    signature: encode(made.signature),
  };
}
