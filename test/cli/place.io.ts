import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, type Instant, now } from '../../src/core/index.ts';
import {
  type Entry,
  type EvidenceKind,
  openFolderStore,
  type SshKey,
  writeStatement,
} from '../../src/evidence/index.ts';
import { openKey } from '../../src/evidence/key.io.ts';
import { nextOf } from '../../src/evidence/log.ts';
import {
  policyDocument,
  type Registry,
  registryDigest,
  registryDocument,
  type RegistryChange,
  type Right,
  rights,
  type Rules,
} from '../../src/people/index.ts';
import { signaturesOf } from '../bundle/whole-bundle.ts';
import { keys, policyOf, registry as enrolled, time } from '../gate/people.ts';
import { rehearsalBody } from '../evidence-kinds/bodies.ts';
import { type Answer, oneroof } from './run.io.ts';

export interface Listed {
  readonly index: number;
  readonly kind: string;
  readonly uncounted: string | null;
}
export interface Report {
  readonly readiness: { readonly status: string; readonly reasons: readonly string[] };
  readonly whose: string;
  readonly target: string;
  readonly components: readonly { readonly id: string; readonly status: string; readonly evidence: string }[];
  readonly evidence: readonly { readonly kind: string }[];
  readonly uncounted: readonly { readonly kind: string; readonly index: number; readonly why: string }[];
}

function firstOf({ reports: [first] }: { readonly reports: readonly Report[] }): Report {
  if (first === undefined) throw new Error('no report was made');
  return first;
}

/** A place of work: a sealed release, its evidence, and keys of other machines that can write it. */
export interface Place {
  readonly folder: string;
  readonly seal: Digest;
  readonly own: SshKey;
  run(...words: string[]): Answer;
  /** Appends as another machine with a key of its own does; no name: with this machine's. */
  append(kind: EvidenceKind, body: unknown, by?: string): Promise<number>;
  keyOf(by: string): Promise<SshKey>;
  /** Writes a line whose entry says of its bytes what the writer likes: as other programs can. */
  plant(entry: Omit<Entry, 'index'>, by: string): Promise<number>;
  /** Of production, where no target is named. */
  report(...words: string[]): Report;
  log(): readonly Listed[];
  write(file: string, text: string): void;
}

export async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-counted-'));
  try {
    mkdirSync(join(folder, 'keys'));
    cpSync(join(import.meta.dirname, '..', '..', 'examples', 'one-roof'), join(folder, 'release'), { recursive: true });
    const nobody = 'postgres://nobody@127.0.0.1:1/none';
    writeFileSync(
      join(folder, 'oneroof.yaml'),
      `targets:\n  production: { url: "${nobody}" }\n  staging: { url: "${nobody}", registryFile: staging.json }\n`,
    );
    const run: Place['run'] = (...words) => oneroof(words, { folder });
    const made = run('seal', 'release');
    if (made.status !== 0) throw new Error(made.stderr);
    const place = join(folder, '.oneroof', 'evidence');
    const store = openFolderStore(place);
    const storeOf = (by?: string) =>
      by === undefined ? store : openFolderStore(place, { keyFile: join(folder, 'keys', by) });
    const seal = (await store.entries())[0]?.seal;
    if (seal === undefined) throw new Error('nothing was sealed');
    const json = (...words: string[]): object => JSON.parse(run(...words, '--json').stdout) as object;
    await use({
      folder,
      seal,
      run,
      own: await store.ownKey(),
      append: async (kind, body, by) => (await storeOf(by).append({ kind, seal, body }, now())).index,
      keyOf: (by) => storeOf(by).ownKey(),
      plant: async (entry, by) => {
        const before = await store.log();
        const index = before.lines.length;
        const key = await openKey(join(folder, 'keys', by));
        const { line, checkpoint } = nextOf(before, { entry: { ...entry, index }, key, origin: 'none' });
        appendFileSync(join(place, 'log.jsonl'), `${line}\n`);
        writeFileSync(join(place, 'checkpoint'), checkpoint);
        return index;
      },
      report: (...words) =>
        firstOf(
          json('report', 'release', ...(words.length === 0 ? ['--target', 'production'] : words)) as {
            reports: readonly Report[];
          },
        ),
      log: () => (json('log', 'release') as { entries: readonly Listed[] }).entries,
      write: (file, text) => writeFileSync(join(folder, file), text),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Software {
  readonly id: string;
  readonly key: SshKey;
  readonly may?: readonly Right[];
}

export function registryOf(software: readonly Software[], before?: Registry): Registry {
  return {
    ...enrolled,
    version: (before?.version ?? 0) + 1,
    previous: before === undefined ? null : registryDigest(before),
    software: software.map(({ id, key, may = rights }) => ({ id, key, may })),
  };
}

/** What a target tells of its registries: each next one is signed by the quorum, or by those who are named. */
export function rulesOf([first, ...next]: readonly [Registry, ...Registry[]], by = [keys.ana, keys.dan]): Rules {
  let before = first;
  return {
    first: { policy: policyDocument(policy), registry: registryDocument(first) },
    links: next.map((registry, n) => {
      const body = writeStatement<RegistryChange>({
        kind: 'registry',
        subject: { name: 'registry', digest: registryDigest(registry) },
        predicate: {
          version: registry.version,
          previous: registryDigest(before),
          number: n + 1,
          notBefore: time('2T05:00'),
          expires: time('2T12:00'),
          nonce: String(n).repeat(32),
        },
      });
      before = registry;
      return {
        kind: 'registry',
        document: registryDocument(registry),
        acceptedAt: time('2T07:00'),
        body,
        signatures: signaturesOf(body, by, time('2T06:00')),
        withdrawals: [],
      };
    }),
  };
}
const policy = policyOf();

/** The rehearsal that passed, by its figures. */
export const rehearsalOf = (seal: Digest, at: Instant = now()) =>
  rehearsalBody({ release: 'one-roof', seal, startedAt: at, endedAt: at, stages: [] });
export const unrehearsed = 'no rehearsal evidence';
