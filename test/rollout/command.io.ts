import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, type Session, sql } from '../../src/database/index.ts';
import { openFolderStore, type StatementDigest } from '../../src/evidence/index.ts';
import { readable, type Store } from '../../src/evidence-kinds/index.ts';
import { type SealedRelease } from '../../src/release/index.ts';
import { type Answer } from '../cli/run.io.ts';
import { runSql, withSession } from '../database.io.ts';
import { type GatedPlan, withGate } from '../gate/cycle.io.ts';
import { type Version } from '../binaries.io.ts';
import { files as threeTiers } from './fixture.io.ts';
import { type Strike, type Wire, wireTo } from './wire.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
const socketOf = (host: string): string => join(host, '.s.PGSQL.5432');

/** A command that runs, and can be killed. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Answer & { readonly signal: string | null }>;
}

/** A home with a release that people can ratify, and the built command; its executor goes over a wire. */
export interface Command {
  readonly home: string;
  readonly database: Connection;
  readonly sealed: SealedRelease;
  /** As the superuser. */
  readonly session: Session;
  readonly wire: Wire;
  readonly store: Store;
  ratify(): Promise<StatementDigest>;
  start(words: readonly string[], env?: NodeJS.ProcessEnv): Running;
  /** Runs it to its end; where a strike comes first, `kill` ends it and `cut` its connection, and a deed is done before it goes on. */
  run(
    words: readonly string[],
    strike?: Omit<Strike, 'strike' | 'leaves'> & { readonly by: 'kill' | 'cut' | (() => void) },
  ): Promise<Answer & { readonly signal: string | null }>;
  /** Writes oneroof.yaml again, with more lines. */
  configure(more?: readonly string[]): void;
}

/** So long a command may take on a busy machine before it counts as stuck. Milliseconds. */
const patience = 60_000;

/** Makes a gated database and a home to type in, hands them over, and takes them away. */
export async function withCommand<T>(
  version: Version,
  use: (command: Command) => Promise<T>,
  {
    more = [],
    ...plan
  }: Pick<GatedPlan, 'files'> & {
    /** More of the application. */
    readonly more?: readonly string[];
  } = {},
): Promise<T> {
  const application = [
    'create table base (id integer)',
    'insert into base values (1)',
    'create table told (what text)',
    ...more,
  ];
  return withGate(version, { files: threeTiers, ...plan, application }, async (gated) => {
    const { database, sealed, people } = gated;
    const home = mkdtempSync(join(tmpdir(), 'oneroof-home-'));
    const wire = await wireTo(socketOf(database.host));
    const address = (role: string, host = database.host): string =>
      `{ url: "postgres://${role}@/${database.database}?host=${encodeURIComponent(host)}&port=5432" }`;
    const configure = (more: readonly string[] = []): void =>
      writeFileSync(
        join(home, 'oneroof.yaml'),
        [
          'targets:',
          '  production:',
          `    url: "postgres://oneroof_observer@/${database.database}?host=${encodeURIComponent(database.host)}&port=5432"`,
          `    executor: ${address('oneroof_executor', wire.host)}`,
          ...more,
          '',
        ].join('\n'),
      );
    const start: Command['start'] = (words, env = {}) => {
      const child = spawn(process.execPath, [main, ...words], { cwd: home, env: { ...process.env, ...env } });
      const out = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const)
        child[name].setEncoding('utf8').on('data', (text: string) => (out[name] += text));
      const tired = setTimeout(() => child.kill('SIGABRT'), patience);
      const ended = new Promise<Answer & { signal: string | null }>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (status, signal) => {
          clearTimeout(tired);
          if (signal === 'SIGABRT') reject(new Error(`${words.join(' ')} is stuck: ${out.stderr}`));
          else resolve({ status, signal, ...out });
        });
      });
      return { pid: child.pid ?? 0, ended };
    };
    try {
      cpSync(gated.folder, join(home, 'release'), { recursive: true });
      configure();
      await runSql(database, [
        `revoke temporary on database ${database.database} from public`,
        'grant usage on schema public to oneroof_observer',
        'grant select on all tables in schema public to oneroof_observer',
      ]);
      return await withSession(database, (session) =>
        use({
          home,
          database,
          sealed,
          session,
          wire,
          store: readable(openFolderStore(join(home, '.oneroof', 'evidence'))),
          ratify: async () => await gated.ratify(await gated.ratification(), [people.ana, people.ben]),
          start,
          run: async (words, strike) => {
            let pid = 0;
            const { by, ...at } = strike ?? { by: 'kill', word: -1, moment: 'before' };
            const kill = (): void => void process.kill(pid, 'SIGKILL');
            if (by === 'kill') wire.arm({ ...at, leaves: 'silent', strike: kill });
            else if (by === 'cut') wire.arm({ ...at, leaves: 'cut', strike: () => undefined });
            else wire.arm({ ...at, leaves: 'whole', strike: by });
            const running = start(words);
            pid = running.pid;
            return await running.ended;
          },
          configure,
        }),
      );
    } finally {
      await wire.close();
      rmSync(home, { recursive: true, force: true });
    }
  });
}

/** What the tiers told of themselves, in order: the oracle, which the gate's own rows have no part in. */
export async function told({ session }: Pick<Command, 'session'>): Promise<string> {
  const rows = await session.query<{ what: string }>(sql`select what from public.told order by what collate "C"`);
  return rows.map(({ what }) => what).join(' ');
}

/** Empties what they told, before another cycle. */
export async function forget({ session }: Pick<Command, 'session'>): Promise<void> {
  await session.query(sql`delete from public.told`);
}
