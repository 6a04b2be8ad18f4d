import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { runSql } from '../database.io.ts';
import { withCopy, withGate } from '../gate/cycle.io.ts';
import { expectSaid, ratified, setupOf, type Story, valuesOf, withStory } from './story.io.ts';

const application = [
  'create table accounts (id integer primary key, name text)',
  "insert into accounts values (1, 'a')",
];
const time = { timeout: 300_000 };
const told = {
  up: "update accounts set name = 'x';\n",
  down: "update accounts set name = 'a';\n",
  touches: 'public.accounts',
};

/** Lets oneroof.yaml lead to another database than the one for which people ratified. */
async function lead({ folder, database }: Story, to: Connection): Promise<void> {
  await runSql(to, [
    `revoke temporary on database ${to.database} from public`,
    'grant usage on schema public to oneroof_observer',
    'grant select on all tables in schema public to oneroof_observer',
  ]);
  writeFileSync(join(folder, 'oneroof.yaml'), setupOf(to, database));
}

/** Holds that gate, dry run and rollout name the address that answered, and that its rows are as they were. */
async function expectNamed({ run }: Story, to: Connection): Promise<void> {
  const names = await valuesOf(to, 'select name from accounts');
  const blocked = 'target: the ratification is for another database';
  const address = (role: string): string => `address  ${to.database} on ${to.host} as oneroof_${role}`;
  expectSaid(run('gate', 'release'), 1, blocked, address('observer'));
  expectSaid(run('rollout', 'release', '--dry-run'), 1, blocked, address('executor'));
  expectSaid(run('rollout', 'release'), 1, blocked, address('executor'));
  expect(await valuesOf(to, 'select name from accounts')).toEqual(names);
}

describe('the address of another database', () => {
  it('takes the change without a word where it is run by hand', time, () =>
    withStory({ application }, async ({ plain }) => {
      await plain([told.up], async (copy) => expect(await valuesOf(copy, 'select name from accounts')).toEqual(['x']));
    }),
  );

  it('is named before anything runs: a copy of production, and the rehearsal clone', time, () =>
    withStory({ application }, async (story) => {
      const { gated, database, run, folder } = story;
      expectSaid(story.seal(told), 0);
      await ratified(story);
      // the clone is one of production with its ratification
      expectSaid(story.rehearse(told, '--keep', 'always'), 0, 'PASSED');
      // at the right address it is open, and no address is shown
      const { status, stdout } = run('gate', 'release');
      expect(status, stdout).toBe(0);
      expect(stdout).not.toContain('address');
      await withCopy(gated, async (copy) => {
        await lead(story, copy);
        await expectNamed(story, copy);
      });
      writeFileSync(join(folder, 'oneroof.yaml'), setupOf(database));
      const { leases } = JSON.parse(run('clone', 'list', '--json').stdout) as {
        readonly leases: readonly { readonly database: string; readonly golden: string }[];
      };
      const clone = leases.find(({ golden }) => golden.includes(database.database));
      if (clone === undefined) expect.fail('the clone was not kept');
      await lead(story, { ...database, database: clone.database });
      await expectNamed(story, { ...database, database: clone.database });
      writeFileSync(join(folder, 'oneroof.yaml'), setupOf(database));
    }),
  );

  it('is refused by rehearsal and rollout: another database with the same schema and a gate of its own', time, () =>
    withStory({ application }, async (story) => {
      const { run, folder, database } = story;
      expectSaid(story.rehearse(told), 0, 'PASSED');
      await ratified(story);
      await withGate('18', { application }, async ({ database: other }) => {
        await lead(story, other);
        expectSaid(
          run('rehearse', 'release'),
          3,
          'is a copy of another database than target production',
          '[GOLDEN_OTHER]',
        );
        expectSaid(run('rollout', 'release'), 1, 'no ratification of this seal was handed in');
        expect(await valuesOf(other, 'select name from accounts')).toEqual(['a']);
      });
      writeFileSync(join(folder, 'oneroof.yaml'), setupOf(database));
    }),
  );
});
