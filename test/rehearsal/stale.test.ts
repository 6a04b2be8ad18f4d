import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Golden } from '../../src/clone/index.ts';
import { registryDocument } from '../../src/people/index.ts';
import { type Rehearsal } from '../../src/rehearsal/index.ts';
import { isCopyOf } from '../../src/rehearsal/production/against-production.ts';
import { type Answer } from '../cli/run.io.ts';
import { newest, runSql } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 180_000 };

function productionOf(answer: Answer): Rehearsal['production'] {
  expect(answer.status, answer.stderr).toBe(0);
  return (JSON.parse(answer.stdout) as { readonly rehearsal: Rehearsal }).rehearsal.production;
}

it.each(newest)('on %s a rehearsal on a golden copy that is not as production is names what differs', time, (version) =>
  withGate(version, {}, async (gated) =>
    withPlace(gated, async (run, folder) => {
      const window = { longest: '24h', review: '1ms', rollback: '1h' };
      writeFileSync(join(folder, 'registry.json'), registryDocument(gated.registry));
      writeFileSync(
        join(folder, 'policy.yaml'),
        JSON.stringify({ ...gated.policy, window, rehearsal: { maxAge: '24h' } }),
      );
      expect(productionOf(run('rehearse', 'release', '--golden', '--json'))).toMatchObject({
        compared: 'yes',
        target: 'production',
        identity: 'known',
        differs: [],
        count: 0,
      });
      // what the gate's rows say, and rows of the application, are no objects
      await runSql(gated.database, ['insert into public.t values (99)']);
      expect(productionOf(run('rehearse', 'release', '--json'))).toMatchObject({ count: 0 });
      await runSql(gated.database, [
        'create index by_hand on public.t (i)',
        'alter table public.t add column more integer',
      ]);
      const refused = run('rehearse', 'release');
      expect(refused.status).toBe(3);
      expect(refused.stderr).toMatch(
        /column public\.t\.more \(new\), index public\.by_hand \(new\) \(golden copy taken/,
      );
      expect(refused.stderr).toMatch(/GOLDEN_STALE/);
      expect(refused.stderr).toMatch(/--golden: it takes a new golden copy first; with --stale/);
      const stale = run('rehearse', 'release', '--stale', '--json');
      expect(stale.stderr).toContain('target production differs from the golden copy: column public.t.more (new)');
      expect(productionOf(stale)).toMatchObject({
        count: 2,
        differs: [
          { kind: 'column', name: 'public.t.more', change: 'new' },
          { kind: 'index', name: 'public.by_hand', change: 'new' },
        ],
      });
      expect(run('report', 'release', '--json').stdout).toContain(
        'target production differs from the golden copy: column public.t.more',
      );
      expect(run('dossier', 'release').stdout).toContain('The copy of the rehearsal differed from production');
      await runSql(gated.database, ['delete from public.t where i = 99']);
      expect(productionOf(run('rehearse', 'release', '--golden', '--json'))).toMatchObject({ count: 0 });
      await otherTargets(run, { folder, version, database: gated.database.database });
    }),
  ),
);

/** The same golden copy, and a target that is another database, or none that can be read. */
async function otherTargets(
  run: (...words: string[]) => Answer,
  of: { readonly folder: string; readonly version: (typeof newest)[number]; readonly database: string },
): Promise<void> {
  const file = join(of.folder, 'oneroof.yaml');
  const written = readFileSync(file, 'utf8');
  const lead = (to: string): void =>
    writeFileSync(file, written.replace(`observer@/${of.database}?`, `observer@/${to}?`));
  await withGate(of.version, {}, async (other) => {
    const { database } = other.database;
    await runSql(other.database, [`revoke temporary on database ${database} from public`]);
    lead(database);
    for (const more of [[], ['--stale'], ['--golden']]) {
      const { status, stderr } = run('rehearse', 'release', ...more);
      expect(status).toBe(3);
      expect(stderr).toMatch(/is a copy of another database than target production.*GOLDEN_OTHER/s);
    }
  });
  lead('nowhere');
  const unread = run('rehearse', 'release', '--json');
  expect(unread.stderr).toMatch(
    /the golden copy was not compared with target production: nowhere on .*this database does not exist/,
  );
  expect(productionOf(unread)).toMatchObject({ compared: 'no', target: 'production' });
  expect(run('dossier', 'release').stdout).toContain('The copy of the rehearsal was not compared with production');
}

it('knows a copy by the incarnation of its gate, else by the numbers of the server whose files it is made of', () => {
  const source = { database: 'shop', systemIdentifier: '7', timeline: 1, databaseOid: '5', serverVersion: 180_000 };
  const copy = (provider: Golden['provider'], incarnation: string | null) => ({
    golden: { provider, source },
    incarnation,
  });
  const here = { systemIdentifier: '7', databaseOid: '5' };
  const there = { systemIdentifier: '8', databaseOid: '5' };
  expect(isCopyOf(copy('template', 'a'), { source: there, incarnation: 'a' })).toBe('yes');
  expect(isCopyOf(copy('physical', 'a'), { source: here, incarnation: 'b' })).toBe('no');
  expect(isCopyOf(copy('physical', null), { source: here, incarnation: 'b' })).toBe('yes');
  expect(isCopyOf(copy('physical', null), { source: there, incarnation: null })).toBe('no');
  expect(isCopyOf(copy('physical', null), { source: { ...here, databaseOid: '6' }, incarnation: null })).toBe('no');
  expect(isCopyOf(copy('physical', 'a'), { source: null, incarnation: null })).toBe('not known');
  expect(isCopyOf(copy('template', null), { source: there, incarnation: 'a' })).toBe('not known');
});
