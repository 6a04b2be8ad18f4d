import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { now } from '../../src/core/index.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { registryDocument } from '../../src/people/index.ts';
import { readable, type Store } from '../../src/evidence-kinds/index.ts';
import { binFolder, shell } from '../cli/people.io.ts';
import { type Answer } from '../cli/run.io.ts';
import { runSql, withSession } from '../database.io.ts';
import { type Gated, gatedIn, release, type Signer, withGate } from '../gate/cycle.io.ts';
import { attemptOn } from '../gate/purpose.io.ts';
import { freePort } from '../signing/browser.io.ts';
import { signOn } from '../signing/desk.io.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'OPERATIONS.md'), 'utf8');

/** The lines of the commands below a heading, block by block, to the byte as an operator reads them. */
export function runbook(heading: string, block = 0): readonly string[] {
  const [, after] = text.split(`\n#### ${heading}\n`);
  if (after === undefined) throw new Error(`docs/OPERATIONS.md has no runbook ${heading}`);
  const blocks = [...(after.split('\n#### ')[0] ?? '').matchAll(/```sh\n(.*?)```/gs)].map(([, lines]) => lines ?? '');
  const found = blocks[block];
  if (found === undefined) throw new Error(`the runbook ${heading} has no block ${block}`);
  return found.trimEnd().split('\n');
}

/** Every runbook with commands, by its heading. */
export function headings(): readonly string[] {
  const part = text.split('\n### Runbooks\n')[1]?.split('\n## ')[0] ?? '';
  return part
    .split('\n#### ')
    .slice(1)
    .filter((one) => one.includes('```sh'))
    .map((one) => one.split('\n')[0] ?? '');
}

/** A target with a release that people ratified, a home to type in, and what an operator does by hand. */
export interface Place {
  readonly gated: Gated;
  readonly home: string;
  readonly store: Store;
  /** Types a line. The persons of the seats, who are also the quorum, sign what it serves, unless others do something else there. */
  type(line: string, people?: NonNullable<Parameters<typeof shell>[1]['people']>): Promise<Answer>;
  /** Follows a runbook: types its lines and does what its comments say; each line must work. */
  follow(lines: readonly string[], deeds?: Readonly<Record<string, () => void | Promise<void>>>): Promise<void>;
  /** Lets the addresses of oneroof.yaml lead to another database. */
  point(to: Connection): void;
  /** What `$NEW` is from now on. */
  name(to: Connection): void;
}

const yaml = release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }');
const files = {
  ...release,
  'release.yaml': yaml,
  'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
};

const address = ({ database, host, port, user }: Connection, role = user ?? 'postgres'): string =>
  `postgres://${role}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;

/** Makes the gate in a database of a server of its own, has the release rehearsed and ratified, and hands all of it over. */
export async function withPlace(
  version: '15' | '18',
  of: {
    readonly database: Connection;
    readonly installer?: string;
    readonly release?: Readonly<Record<string, string>>;
    /** More of the application, made by its owner. */
    readonly application?: readonly string[];
    /** What else the policy says. */
    readonly policy?: Partial<Gated['policy']>;
    /** Takes a check out of the gate's SQL. */
    readonly change?: (text: string) => string;
    /** Nothing is sealed, rehearsed or ratified yet. */
    readonly begins?: 'before the seal';
  },
  use: (place: Place) => Promise<void>,
): Promise<void> {
  const { database } = of;
  const port = await freePort();
  const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Gated['policy']['window'];
  const home = mkdtempSync(join(tmpdir(), 'oneroof-place-'));
  const bin = binFolder();
  const plan = {
    files: of.release ?? files,
    application: of.application ?? [],
    database,
    policy: { ...of.policy, origin: `http://localhost:${port}`, rpId: 'localhost', window },
    ...(of.change === undefined ? {} : { change: of.change }),
  };
  try {
    await withGate(version, plan, async (gated) => {
      await runSql(database, [
        `revoke temporary on database ${database.database} from public`,
        'grant usage on schema public to oneroof_observer',
        'grant select on all tables in schema public to oneroof_observer',
      ]);
      cpSync(gated.folder, join(home, 'release'), { recursive: true });
      writeFileSync(join(home, 'registry.json'), registryDocument(gated.registry));
      const written = { ...gated.policy, window: { longest: '24h', review: '1ms', rollback: '1h' } };
      writeFileSync(join(home, 'policy.yaml'), JSON.stringify({ ...written, rehearsal: { maxAge: '24h' } }));
      const addresses = { OLD: address(database), NEW: address(database), OWNER: 'app_owner' };
      const name = (to: Connection): void => {
        addresses.NEW = address(to);
      };
      const point = (to: Connection): void => {
        const role = (name: string): string => `{ url: "${address(to, name)}" }`;
        writeFileSync(
          join(home, 'oneroof.yaml'),
          [
            'targets:',
            '  production:',
            `    url: "${address(to, 'oneroof_observer')}"`,
            `    relay: ${role('oneroof_relay')}`,
            `    executor: ${role('oneroof_executor')}`,
            `    admin: ${role(of.installer ?? 'postgres')}`,
            'clone:',
            '  provider: template',
            `  admin: { url: "${address({ ...to, database: 'postgres' })}" }`,
            `  source: ${to.database}`,
            '  sameServer: true',
          ].join('\n'),
        );
      };
      point(database);
      const { ana, ben } = gated.people;
      const type: Place['type'] = (line, people = (shown) => signAll(shown.said, gated, [ana, ben])) =>
        shell(line, { folder: home, bin, env: addresses, people });
      const follow: Place['follow'] = async (lines, deeds = {}) => {
        for (const line of lines) {
          const deed = deeds[line.replace(/^# /, '')];
          if (line.startsWith('#')) {
            if (deed === undefined) throw new Error(`nobody knows how to do ${line}`);
            await deed();
            continue;
          }
          const { status, stdout, stderr } = await type(line);
          // a look says whether it may run now; that it is done, or not ratified yet, is no failure of the look
          if (line.startsWith('oneroof gate')) expect(status, `${line}\n${stdout}${stderr}`).toBeLessThan(2);
          else expect(status, `${line}\n${stdout}${stderr}`).toBe(0);
        }
      };
      const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
      const place: Place = { gated, home, store, type, follow, point, name };
      if (of.begins === undefined)
        await follow(['oneroof seal release', 'oneroof rehearse release --golden', 'oneroof ratify release']);
      await use(place);
    });
  } finally {
    for (const folder of [home, bin]) rmSync(folder, { recursive: true, force: true });
  }
}

async function signAll(said: readonly string[], gated: Gated, by: readonly Signer[]): Promise<void> {
  for (const one of by) expect(await signOn(said, gated, one)).toMatchObject({ ok: true });
}

/** One step of the first tier, as an executor leaves it that was killed: committed, and recorded. */
export async function halfWay({ gated, store }: Place): Promise<void> {
  const statement = await newest(gated);
  await attemptOn(gated, { statement }, async (attempt) => {
    await attempt.begin();
    await attempt.enter();
    await attempt.step(1);
    await attempt.commit();
  });
  const body = { version: 1, release: 'small', seal: gated.sealed.seal, target: 'production', direction: 'up' };
  const step = { tier: '1-rows', epoch: '1', phase: 'applied', reason: null, at: now(), statement, steps: [1, 1] };
  await store.append({ kind: 'execution', seal: gated.sealed.seal, body: { ...body, ...step } }, now());
}

async function newest(gated: Gated): Promise<string> {
  return await withSession(gated.database, async (session) => {
    const [row] = await session.query<{ is: string }>(
      sql`select digest as is from gate.statements where kind = 'ratification' order by received_at desc limit 1`,
    );
    return row?.is ?? '';
  });
}

/** The rows of the application's table. */
export async function rowsOf(database: Connection): Promise<string> {
  return await withSession(database, async (session) => {
    const [row] = await session.query<{ rows: string }>(
      sql`select string_agg(i::text, ',' order by i) as rows from public.t`,
    );
    return row?.rows ?? '';
  });
}

/** The same place, asked at another database. */
export const at = (gated: Gated, database: Connection): Gated => gatedIn({ ...gated, database });
