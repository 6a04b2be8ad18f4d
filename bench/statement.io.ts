import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { id, openSession, type Server, sql } from '../src/database/index.ts';
import { copyOwned, gateIt, within } from './gated.io.ts';
import { time } from './measure.io.ts';

const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.io.js');

/** Thirty statements in two tiers, with a rollback: a dossier of some length. */
const tiers = ['1-tables', '2-more'].map((tier, at) => ({
  tier,
  up: Array.from({ length: 15 }, (_, n) => `create table t${at}_${n} (id integer primary key, note text)`),
  down: Array.from({ length: 15 }, (_, n) => `drop table if exists t${at}_${n}`),
}));

/** Makes a gated database, a release that was rehearsed for it, and the oneroof.yaml of both: all that people need to be asked. */
export async function makeGated(server: Server, home: string): Promise<void> {
  const admin = await openSession(server.connection('postgres'), { applicationName: 'bench' });
  try {
    // `state`: of the site that is served over it
    for (const name of ['bare', 'state']) await admin.query(sql`create database ${id(name)}`);
    await within(server.connection('bare'), (session) =>
      session.run('create table public.accounts as select g as aid from generate_series(1, 1000) g'),
    );
    const connection = await copyOwned({ server, admin }, { source: 'bare', database: 'gated' });
    await gateIt(connection);
    await within(connection, async (session) => {
      await session.run('grant usage on schema public to oneroof_observer');
      await session.run('grant select on all tables in schema public to oneroof_observer');
      await session.run('revoke temporary on database gated from public');
    });
    const url = (user: string, database: string): string =>
      `postgres://${user}@/${database}?host=${encodeURIComponent(connection.host)}`;
    mkdirSync(join(home, 'release'), { recursive: true });
    writeFileSync(
      join(home, 'oneroof.yaml'),
      `targets: { production: { url: "${url('oneroof_observer', 'gated')}", relay: { url: "${url('oneroof_relay', 'gated')}" } } }
evidence: evidence
clone: { provider: template, admin: { url: "${url(connection.user, 'postgres')}" }, source: gated, sameServer: true }
`,
    );
    writeFileSync(
      join(home, 'release', 'release.yaml'),
      `format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.*]\nauthors: [{ name: agent, kind: agent, instructedBy: nobody }]\ntiers:\n${tiers.map(({ tier }) => `  - { id: ${tier}, title: Tables }\n`).join('')}`,
    );
    for (const { tier, up, down } of tiers) {
      mkdirSync(join(home, 'release', 'tiers', tier), { recursive: true });
      for (const [name, statements] of Object.entries({ up, down }))
        writeFileSync(
          join(home, 'release', 'tiers', tier, `${name}.sql`),
          statements.map((one) => `${one};\n`).join(''),
        );
    }
    for (const words of [['seal'], ['rehearse', '--golden']] as const) {
      const [verb, ...more] = words;
      time(process.execPath, [main, verb, 'release', ...more, '-C', home]);
    }
  } finally {
    await admin.close();
  }
}
