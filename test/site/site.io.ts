import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection } from '../../src/database/index.ts';
import { openBoard } from '../../src/cli/work.io.ts';
import { exampleFolder } from '../../src/demo/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { readable, type Store } from '../../src/evidence-kinds/index.ts';
import { sealStage } from '../../src/pipeline.io.ts';
import { type SealedRelease } from '../../src/release/index.ts';
import { serveSite } from '../../src/site/index.ts';
import { readSetup, type Setup } from '../../src/setup/index.ts';
import { withDatabase } from '../database.io.ts';
import { freePort } from '../signing/browser.io.ts';

/** A site that is being served, and what it is served from. */
export interface Site {
  readonly origin: string;
  readonly port: number;
  /** The address that lets one in. */
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  readonly setup: Setup;
  readonly store: Store;
  readonly sealed: SealedRelease;
  /** What nobody foresaw. */
  readonly defects: unknown[];
  readonly state: Connection;
  /** Asks as somebody who was let in. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Posts JSON as a page of the site does, as somebody who was let in; another `port` is another server of the same site. */
  post(path: string, body: object, as?: PostAs): Promise<Record<string, unknown>>;
  /** Serves the same site by one more server on the same state, at the port that it gives; ends with the first. */
  another(): Promise<number>;
}

/** How a post is sent. */
export interface PostAs {
  readonly port?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request whose every header is ours: `fetch` refuses to send some. */
export function raw(
  port: number,
  of: {
    readonly method?: string;
    readonly path?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname: 'localhost', port, method: of.method ?? 'GET', path: of.path ?? '/', headers: of.headers },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += String(chunk)));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end(of.body);
  });
}

/**
 * Serves a site over the sealed worked example, hands it over, and takes it away. `more` goes into oneroof.yaml, `targets` in place of one
 * that nobody reaches, `files` beside it; `port` where a policy names the origin.
 */
export async function withSite<T>(
  plan: {
    readonly more?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** As oneroof.yaml has them; where absent, one at which nobody answers. */
    readonly targets?: string;
    /** A text: a file beside oneroof.yaml; a function: a change of a file of the release. */
    readonly files?: Readonly<Record<string, string | ((text: string) => string)>>;
    readonly port?: number;
    /** `tls`: it speaks https itself; `proxy`: somebody in front of it does. */
    readonly https?: { readonly certificate: string; readonly key: string } | 'proxy';
  },
  use: (site: Site) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-site-'));
  try {
    return await withDatabase('18', async (state) => {
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets: ${plan.targets ?? '{ production: { url: "postgres://nobody@localhost:1/directus" } }'}\n${plan.more ?? ''}`,
      );
      cpSync(exampleFolder(), join(folder, 'release'), { recursive: true });
      for (const [name, what] of Object.entries(plan.files ?? {})) {
        const file = typeof what === 'string' ? join(folder, name) : join(folder, 'release', name);
        writeFileSync(file, typeof what === 'string' ? what : what(readFileSync(file, 'utf8')));
      }
      const setup = await readSetup(folder, { ...plan.env });
      const store = readable(openFolderStore(join(folder, '.oneroof', 'evidence')));
      const { sealed } = await sealStage(join(folder, 'release'), store);
      const port = plan.port ?? (await freePort());
      const origin =
        plan.https === undefined
          ? `http://localhost:${port}`
          : plan.https === 'proxy'
            ? 'https://roof.example.org'
            : `https://localhost:${port}`;
      const defects: unknown[] = [];
      const serveAt = (at: number) =>
        serveSite({
          setup,
          store,
          board: openBoard(setup),
          state,
          origin,
          listen: { host: '127.0.0.1', port: at },
          tls: typeof plan.https === 'object' ? plan.https : null,
          tokenFile: setup.serve.tokenFile,
          onDefect: (error) => defects.push(error),
        });
      const serving = [await serveAt(port)];
      const token = serving[0]?.url.split('#')[1] ?? '';
      const get: Site['get'] = (path, headers = {}) =>
        fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers }, redirect: 'manual' });
      const post: Site['post'] = async (path, body, as = {}) => {
        const { host } = new URL(origin);
        const sent = {
          host,
          origin,
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          ...as.headers,
        };
        const plan = { method: 'POST', path, headers: sent, body: JSON.stringify(body) };
        const { status, text } = await raw(as.port ?? port, plan);
        return { status, ...(JSON.parse(text) as Record<string, unknown>) };
      };
      const another = async (): Promise<number> => {
        const at = await freePort();
        serving.push(await serveAt(at));
        return at;
      };
      const url = serving[0]?.url ?? '';
      try {
        return await use({
          origin,
          port,
          url,
          token,
          folder,
          setup,
          store,
          sealed,
          defects,
          state,
          get,
          post,
          another,
        });
      } finally {
        await Promise.all(serving.map((one) => one.close()));
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
