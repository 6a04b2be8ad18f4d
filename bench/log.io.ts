import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { digest, type Digest, now } from '../src/core/index.ts';
import { embeddedBinaries, startTemporaryServer } from '../src/database/index.ts';
import { exampleFolder } from '../src/demo/index.ts';
import { leavesOf, openFolderStore, treeRoot } from '../src/evidence/index.ts';
import { pieceOf } from '../src/evidence/blob.ts';
import { writeCheckpoint } from '../src/evidence/checkpoint.ts';
import { writeLine } from '../src/evidence/log.ts';
import { softwareKey } from '../src/evidence/sshsig.ts';
import { readable } from '../src/evidence-kinds/index.ts';
import { bundleText, sealStage } from '../src/pipeline.io.ts';
import { clock, compare } from './measure.io.ts';
import { type Ground } from './servers.io.ts';
import { ask, freePort, type Served, start } from './served.io.ts';
import { figure, line } from './table.io.ts';

/** Appends of one measurement: one alone scatters with the disk. */
const appends = 20;
/** The length of a log that has grown for some years. Lines. */
const entries = 2000;

/** What the length of the log of evidence costs: an append, a bundle, the first page of the site. */
export async function logLines({ runs, folder }: Ground): Promise<void> {
  const home = join(folder, 'log');
  const at = (size: number): (() => Promise<number>) => {
    const store = openFolderStore(makeLog(join(home, `append-${size}`), { size, seal: digest('seal', ['bench']) }));
    return () =>
      many(appends, (n) => store.append({ kind: 'gate', seal: digest('seal', ['bench']), body: { n } }, now()));
  };
  const ten = at(10);
  for (const size of [1000, 10_000])
    await line(
      { name: `log: ${appends} appends at ${size.toLocaleString('en-US')} lines / at 10, processor time`, goal: 1.2 },
      () => compare(runs, at(size), ten),
    );
  for (const size of [entries / 10, entries]) await bundled(home, size);
  await firstPage(home);
}

async function bundled(home: string, size: number): Promise<void> {
  const root = join(home, `bundle-${size}`);
  const course = await sealStage(exampleCopy(root), readable(openFolderStore(join(root, 'evidence'))));
  makeLog(join(root, 'evidence'), { size, seal: course.sealed.seal });
  const cold = { ...course, store: readable(openFolderStore(join(root, 'evidence'))) };
  figure(
    { name: `log: a bundle of ${size.toLocaleString('en-US')} entries, everything verified` },
    await clock(() => bundleText(cold)),
  );
}

/** Milliseconds: the first visitor, who has everything verified; one who comes later; one after an entry was added; one who asks for something else meanwhile. */
async function firstPage(home: string): Promise<void> {
  const root = join(home, 'site');
  const store = readable(openFolderStore(join(root, 'evidence')));
  const { sealed } = await sealStage(exampleCopy(root), store);
  makeLog(join(root, 'evidence'), { size: entries, seal: sealed.seal });
  writeFileSync(
    join(root, 'oneroof.yaml'),
    'targets: { production: { url: "postgres://nobody@127.0.0.1:1/none" } }\nevidence: evidence\n',
  );
  const state = await startTemporaryServer({ binaries: embeddedBinaries() });
  const running: Served[] = [];
  try {
    const port = await freePort();
    const errand = {
      what: 'site',
      home: root,
      state: state.connection('postgres'),
      port,
      origin: `http://localhost:${port}`,
    };
    const site = await start(running, errand);
    const named = (what: string) => ({
      name: `log: the first page at ${entries.toLocaleString('en-US')} entries, ${what}`,
    });
    const page = (path = '/') => clock(() => ask(site, path, new Agent()));
    // a page that needs no evidence tells how long the others wait
    let longest = 0;
    const cold = new AbortController();
    const others = (async () => {
      while (!cold.signal.aborted) longest = Math.max(longest, await page('/enter'));
    })();
    figure(named('cold'), await page());
    cold.abort();
    await others;
    figure({ name: 'log: the longest that another visitor waited meanwhile' }, longest);
    figure(named('warm'), await page());
    await new Promise((resolve) => setTimeout(resolve, 6000));
    figure(named('warm, read again after its time'), await page());
    await openFolderStore(join(root, 'evidence')).append(
      { kind: 'verification', seal: sealed.seal, body: { n: -1 } },
      now(),
    );
    figure(named('after an append'), await page());
  } finally {
    for (const { process: child } of running) child.kill('SIGKILL');
    await state.stop();
  }
}

function exampleCopy(root: string): string {
  const release = join(root, 'release');
  mkdirSync(root, { recursive: true });
  cpSync(exampleFolder(), release, { recursive: true });
  return release;
}

/** Processor time, in milliseconds: what each append waits for the disk scatters far more than what the log's length could add. */
async function many(count: number, work: (n: number) => Promise<unknown>): Promise<number> {
  const began = process.cpuUsage();
  for (let n = 0; n < count; n += 1) await work(n);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

/** Continues the log of a folder to a length as a writer with its key does, without the time that so many appends take. */
function makeLog(root: string, { size, seal }: { readonly size: number; readonly seal: Digest }): string {
  mkdirSync(join(root, 'blobs'), { recursive: true });
  const [log, checkpoint, keyFile] = ['log.jsonl', 'checkpoint', 'key'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  if (read(keyFile) === '')
    writeFileSync(keyFile, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }), {
      mode: 0o600,
    });
  const key = softwareKey(read(keyFile));
  if (key === null) throw new Error('no key');
  const lines = read(log).split('\n').slice(0, -1);
  for (let index = lines.length; index < size; index += 1) {
    const { bytes, piece } = pieceOf({ kind: 'verification', seal, body: { index } }, now());
    writeFileSync(join(root, 'blobs', `${piece.digest.slice(7)}.json`), bytes);
    lines.push(writeLine({ index, ...piece }, key));
  }
  writeFileSync(log, lines.map((one) => `${one}\n`).join(''));
  const origin = read(checkpoint).split('\n')[0] || 'oneroof-evidence/bench';
  writeFileSync(
    checkpoint,
    writeCheckpoint({ origin, size, root: treeRoot(leavesOf(lines.map((text) => ({ text })))) }, key),
  );
  return root;
}
