import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection } from '../../src/database/index.ts';
import { openBoard } from '../../src/cli/work.io.ts';
import { exampleFolder } from '../../src/demo/index.ts';
import { type EvidenceStore, openFolderStore } from '../../src/evidence/index.ts';
import { sealStage } from '../../src/pipeline.io.ts';
import { type SealedRelease } from '../../src/release/index.ts';
import { serveSite } from '../../src/server/index.ts';
import { readSetup, type Setup } from '../../src/setup/index.ts';
import { withDatabase } from '../database.io.ts';
import { freePort } from '../web/browser.io.ts';

/** A site that is being served, and what it is served from. */
export interface Site {
  readonly origin: string;
  readonly port: number;
  /** The address that lets one in. */
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  readonly setup: Setup;
  readonly store: EvidenceStore;
  readonly sealed: SealedRelease;
  /** What nobody foresaw. */
  readonly defects: unknown[];
  readonly state: Connection;
  /** Asks as somebody who was let in. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** Serves a site over the sealed worked example, hands it over, and takes it away. `more` goes into oneroof.yaml. */
export async function withSite<T>(
  plan: {
    readonly more?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** Files of the release, on top of those of the example. */
    readonly files?: Readonly<Record<string, (text: string) => string>>;
    /** Where the target is, as oneroof.yaml has it; nobody answers there. */
    readonly target?: string;
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
        `targets: { production: { ${plan.target ?? 'url: "postgres://nobody@localhost:1/directus"'} } }\n${plan.more ?? ''}`,
      );
      cpSync(exampleFolder(), join(folder, 'release'), { recursive: true });
      for (const [name, change] of Object.entries(plan.files ?? {})) {
        const file = join(folder, 'release', name);
        writeFileSync(file, change(readFileSync(file, 'utf8')));
      }
      const setup = await readSetup(folder, { ...plan.env });
      const store = openFolderStore(join(folder, '.oneroof', 'evidence'));
      const { sealed } = await sealStage(join(folder, 'release'), store);
      const port = await freePort();
      const origin =
        plan.https === undefined
          ? `http://localhost:${port}`
          : plan.https === 'proxy'
            ? 'https://roof.example.org'
            : `https://localhost:${port}`;
      const defects: unknown[] = [];
      const serving = await serveSite({
        setup,
        store,
        board: openBoard(setup),
        state,
        origin,
        listen: { host: '127.0.0.1', port },
        tls: typeof plan.https === 'object' ? plan.https : null,
        tokenFile: setup.serve.tokenFile,
        onDefect: (error) => defects.push(error),
      });
      const token = serving.url.split('#')[1] ?? '';
      const get: Site['get'] = (path, headers = {}) =>
        fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers }, redirect: 'manual' });
      try {
        return await use({ origin, port, url: serving.url, token, folder, setup, store, sealed, defects, state, get });
      } finally {
        await serving.close();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
