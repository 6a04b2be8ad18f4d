import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { now } from '../src/core/index.ts';
import { embeddedBinaries, type Server, startTemporaryServer } from '../src/database/index.ts';
import { exampleFolder } from '../src/demo/index.ts';
import { openFolderStore } from '../src/evidence/index.ts';
import { readable } from '../src/evidence-kinds/index.ts';
import { sealStage } from '../src/pipeline.io.ts';
import { clock, compare, type Ratio } from './measure.io.ts';
import { ask, freePort, memory, type Served, start } from './served.io.ts';
import { type Ground } from './servers.io.ts';
import { makeGated } from './statement.io.ts';
import { line } from './table.io.ts';

/** Requests that are under way at once. */
const atOnce = 8;

/** What a page of the site costs beside a page of the same size that someone has ready: the time of so many requests, and memory. */
export async function siteLines({ runs, requests, folder }: Ground): Promise<void> {
  const home = join(folder, 'site');
  mkdirSync(home);
  writeFileSync(
    join(home, 'oneroof.yaml'),
    'targets: { production: { url: "postgres://nobody@127.0.0.1:1/none" } }\nevidence: evidence\n',
  );
  const store = readable(openFolderStore(join(home, 'evidence')));
  for (const n of [1, 2, 3]) {
    const release = join(home, `release-${n}`);
    cpSync(exampleFolder(), release, { recursive: true });
    writeFileSync(
      join(release, 'tiers', '1-structure', 'up.sql'),
      `-- ${n}\ncreate table gov_bench_${n} (id integer);\n`,
    );
    const { sealed } = await sealStage(release, store);
    for (let more = 0; more < 100; more += 1)
      await store.append({ kind: 'verification', seal: sealed.seal, body: { more } }, now());
  }
  const [seal = ''] = (await store.entries()).map((entry) => entry.seal);
  const state = await startTemporaryServer({ binaries: embeddedBinaries() });
  const running: Served[] = [];
  try {
    const port = await freePort();
    const site = await start(running, {
      what: 'site',
      home,
      state: state.connection('postgres'),
      port,
      origin: `http://localhost:${port}`,
    });
    const measure = async ({ site: of, path }: Measured): Promise<Ratio> => {
      const bytes = await ask(of, path, new Agent());
      const bare = await start(running, { what: 'bare', bytes, port: await freePort() });
      return await compare(
        runs,
        () => load(of, path, requests),
        () => load(bare, path, requests),
      );
    };
    const named = (name: string) => ({ name: `site: ${requests} x ${name} / a fixed page of its size` });
    await line(named('the first page, 3 releases, 303 entries'), () => measure({ site, path: '/' }));
    await line({ name: 'site: memory after that / the same of the fixed page', unit: 'MiB' }, async () => {
      const [a, b] = [await memory(site), await memory(running[1] ?? site)];
      return { a, b, ratio: a / b };
    });
    const release = `/releases/${encodeURIComponent(seal)}`;
    await line(named('the page of a release'), () => measure({ site, path: release }));
    await line(named('a report'), () => measure({ site, path: `${release}/report` }));
    await line(named('the page of a statement'), async () =>
      measure(await statementOf(running, { server: state, home: join(folder, 'gated') })),
    );
  } finally {
    for (const { process: child } of running) child.kill('SIGKILL');
    await state.stop();
  }
}

interface Measured {
  readonly site: Served;
  readonly path: string;
}

/** A site of its own over a database with its gate, on which people were asked to ratify. */
async function statementOf(
  running: Served[],
  { server, home }: { readonly server: Server; readonly home: string },
): Promise<Measured> {
  await makeGated(server, home);
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const site = await start(running, { what: 'site', home, state: server.connection('state'), port, origin });
  const [entry] = await openFolderStore(join(home, 'evidence')).entries();
  const asked = await fetch(`${origin}/releases/${encodeURIComponent(entry?.seal ?? '')}/targets/production/propose`, {
    method: 'POST',
    headers: { authorization: `Bearer ${site.token}`, origin, 'content-type': 'application/json' },
    body: JSON.stringify({ hours: '1' }),
  });
  const said = (await asked.json()) as { readonly to?: string; readonly text: string };
  if (said.to === undefined) throw new Error(said.text);
  return { site, path: said.to };
}

/** Milliseconds of so many requests over connections that stay open; each has to be answered with 200. */
async function load(of: Served, path: string, requests: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  let left = requests;
  const visitor = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask(of, path, agent);
    }
  };
  const took = await clock(() => Promise.all(Array.from({ length: atOnce }, visitor)));
  agent.destroy();
  return took;
}
