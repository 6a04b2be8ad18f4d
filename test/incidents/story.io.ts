import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type Connection, sql } from '../../src/database/index.ts';
import { type Answer, oneroof } from '../cli/run.io.ts';
import { runSql, withSession } from '../database.io.ts';
import { readSealed } from '../../src/release/index.ts';
import { type Gated, gatedIn, withCopy, withGate } from '../gate/cycle.io.ts';
import { withFolder } from '../release/folder.io.ts';

/** A release of one tier, by the SQL of its files. */
export interface Told {
  readonly up: string;
  readonly down: string;
  /** Tables that the release declares. */
  readonly touches?: string;
  /** Further keys of the tier. */
  readonly tier?: string;
  /** Further lines of release.yaml. */
  readonly more?: string;
}

/** Production with a gate, before anything has happened, and the command line beside it. */
export interface Story {
  readonly gated: Gated;
  readonly database: Connection;
  readonly folder: string;
  run(...words: string[]): Answer;
  /** A file of the release. */
  text(file: string): string;
  /** Writes a release, in place of the last one. */
  write(release: Told): void;
  /** The same, and seals it. */
  seal(release: Told): Answer;
  /** The same, and rehearses it on a new golden copy. */
  rehearse(release: Told, ...words: string[]): Answer;
  /** What happens without the tool: SQL, statement by statement, on a copy of production. */
  plain(statements: readonly string[], look: (copy: Connection) => Promise<void>): Promise<void>;
}

/** The files of a release of one tier. */
export function filesOf({ up, down, more = '', tier = '', touches = '' }: Told): Readonly<Record<string, string>> {
  return {
    'release.yaml': `format: 1
name: incident
title: An incident
database: shop
touches: [${touches}]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
${more}
tiers:
  - { id: 1-change, title: Change${tier === '' ? '' : `, ${tier}`} }
`,
    'tiers/1-change/up.sql': up,
    'tiers/1-change/down.sql': down,
  };
}

const address = ({ host, database }: Connection, role: string): string =>
  `postgres://${role}@/${database}?host=${encodeURIComponent(host)}`;

/** What `oneroof.yaml` says of a target and of its clones. */
export function setupOf(database: Connection, clone = database): string {
  return `targets:
  production:
    url: "${address(database, 'oneroof_observer')}"
    relay: { url: "${address(database, 'oneroof_relay')}" }
    executor: { url: "${address(database, 'oneroof_executor')}" }
clone:
  provider: template
  admin: { url: "${address({ ...clone, database: 'postgres' }, 'postgres')}" }
  source: ${clone.database}
  sameServer: true
`;
}

/** Makes production of an application, lets the story happen, and holds that nothing ran in production meanwhile. */
export async function withStory(
  of: {
    /** SQL of the owner. */
    readonly application: readonly string[];
    /** SQL of a superuser, after it. */
    readonly before?: readonly string[];
    /** What happened in production earlier, where it takes more than that. */
    readonly earlier?: (database: Connection) => Promise<void>;
  },
  use: (story: Story) => Promise<void>,
): Promise<void> {
  await withGate('18', { application: of.application }, async (gated) => {
    const { database } = gated;
    await runSql(database, [
      `revoke temporary on database ${database.database} from public`,
      'grant usage on schema public to oneroof_observer',
      'grant select on all tables in schema public to oneroof_observer',
      'grant select on all sequences in schema public to oneroof_observer',
      ...(of.before ?? []),
    ]);
    await of.earlier?.(database);
    await withFolder({ 'oneroof.yaml': setupOf(database) }, async (folder) => {
      const run = (...words: string[]): Answer => oneroof(words, { folder });
      const text = (file: string): string => readFileSync(join(folder, 'release', file), 'utf8');
      const write: Story['write'] = (told) => {
        rmSync(join(folder, 'release'), { recursive: true, force: true });
        for (const [file, text] of Object.entries(filesOf(told))) {
          mkdirSync(dirname(join(folder, 'release', file)), { recursive: true });
          writeFileSync(join(folder, 'release', file), text);
        }
      };
      const seal: Story['seal'] = (told) => {
        write(told);
        return run('seal', 'release');
      };
      const rehearse: Story['rehearse'] = (told, ...words) => {
        const sealed = seal(told);
        return sealed.status === 0 ? run('rehearse', 'release', '--golden', ...words) : sealed;
      };
      const plain: Story['plain'] = (statements, look) =>
        withCopy(gated, async (copy) => {
          await runSql(copy, statements);
          await look(copy);
        });
      const before = await stateOf(database);
      try {
        await use({ gated, database, folder, run, text, write, seal, rehearse, plain });
        expect(await stateOf(database), 'production is as it was').toEqual(before);
      } finally {
        // other tests have clones on the same server
        const { leases } = JSON.parse(run('clone', 'list', '--json').stdout) as Listed;
        for (const { database: clone } of leases.filter(({ golden }) => golden.includes(database.database)))
          run('clone', 'drop', clone);
        run('gc');
      }
    });
  });
}

interface Listed {
  readonly leases: readonly { readonly database: string; readonly golden: string }[];
}

/** Every relation of the application: its file, owner, privileges, options, validity, and a digest of its rows. */
async function stateOf(database: Connection): Promise<readonly string[]> {
  return await withSession(database, async (session) => {
    const rows = await session.query<{ state: string }>(sql`
      select concat_ws(' ', c.oid::regclass, c.oid, c.relfilenode, c.relowner, c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, i.indisvalid,
        case when c.relkind in ('r', 'p', 'm', 'S') then md5(query_to_xml('select * from ' || c.oid::regclass, true, false, '')::text) end) as state
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace left join pg_catalog.pg_index i on i.indexrelid = c.oid
      where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate') order by c.oid`);
    return rows.map(({ state }) => state);
  });
}

/** The first column of a query's rows. */
export async function valuesOf(database: Connection, query: string): Promise<readonly (string | null)[]> {
  return await withSession(database, async (session) => {
    await session.run('set search_path = public');
    const rows = await session.rows(query, { maxRows: 100 });
    return rows.map(([first = null]) => first);
  });
}

/** Holds that a command said all of this, with this exit status. */
export function expectSaid(answer: Answer, status: number, ...said: readonly string[]): void {
  const all = `${answer.stdout}\n${answer.stderr}`;
  expect(answer.status, all).toBe(status);
  for (const one of said) expect(all).toContain(one);
}

/** Lets the people of the seats ratify the release that the folder holds. */
export async function ratified({ gated, folder }: Story): Promise<void> {
  const own = gatedIn({ ...gated, sealed: await readSealed(join(folder, 'release')) });
  await own.ratify(await own.ratification(), [gated.people.ana, gated.people.ben]);
}
