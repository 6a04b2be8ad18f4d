import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Session } from '../../src/database/index.ts';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { count, isLong, seed } from '../counts.ts';
import { clientsOf, withRestored } from './dump.io.ts';
import { written } from './restored.exceptions.ts';
import { fixture } from './mutations.fixture.ts';
import { Chooser, statementsOf, type Template } from './oracle.chooser.ts';
import { membersOfExtensions } from './oracle.io.ts';
import { otherTemplates } from './oracle.others.ts';
import { partTemplates } from './oracle.parts.ts';
import { relationTemplates } from './oracle.relations.ts';

const templates: readonly Template[] = [...relationTemplates, ...partTemplates, ...otherTemplates].filter(
  (template) => !/subscription/.test(template.toString()),
);

/** As docs/FORMAT.md lists them; what differs is `kind name: property`. */
const documented: readonly RegExp[] = [
  /^constraint .*: comment$/,
  /^constraint .*: triggers$/,
  /^constraint .*: local$/,
  /^index .*: \*$/,
  /^language sql: privileges$/,
  /^language n\d+_\d+: \*$/,
  /^extension hstore: members$/,
  /^database settings current: \*$/,
];

const change = fc.record({
  template: fc.nat(templates.length - 1),
  picks: fc.array(fc.nat(9999), { minLength: 12, maxLength: 12 }),
});

const dumped = versions.filter((version) => Number(version) >= 15 && clientsOf(version) !== null);
const databases = count('restoredDumps');
const perDatabase = 35;

test.skipIf(dumped.length === 0).each(isLong ? dumped : dumped.slice(0, 1))(
  'on %s a restored dump has the same list of objects after whatever changes of the schema',
  { timeout: 60_000 + databases * 120_000 },
  async (version) => {
    const changes = fc.sample(change, { numRuns: databases * perDatabase, seed });
    const wrong: string[] = [];
    const except = await membersOfExtensions(version);
    let done = 0;
    for (let start = 0; start < changes.length; start += perDatabase)
      await withDatabase(version, async (connection) => {
        await runSql(
          connection,
          fixture.filter((text) => !text.startsWith('create subscription')),
        );
        const made: string[] = [];
        await withSession(connection, async (session) => {
          for (const [index, { template, picks }] of changes.slice(start, start + perDatabase).entries()) {
            const schema = await captureSchema(session);
            const of = templates[template] as Template;
            const text = statementsOf(of, new Chooser({ schema, picks, serial: start + index, except }));
            if (text !== null && (await attempt(session, text))) made.push(text.join('; '));
          }
        });
        done += made.length;
        await withRestored({ version, connection, way: 'custom' }, async ({ copy }) => {
          const [was, is] = await Promise.all([connection, copy].map((to) => withSession(to, captureSchema)));
          if (was === undefined || is === undefined) throw new Error('two databases were read');
          const found = compareSchemas(was, is).flatMap((one) => written(one) ?? []);
          const rest = found.filter((one) => !documented.some((pattern) => pattern.test(one)));
          if (rest.length > 0) wrong.push(`${rest.join('\n')}\nafter ${made.join(';\n')}`);
        });
      });
    expect(wrong.join('\n\n'), `seed ${seed}`).toBe('');
    expect(done / changes.length).toBeGreaterThan(0.5);
  },
);

/** Whether it could be done; nothing is left of what could not. */
async function attempt(session: Session, statements: readonly string[]): Promise<boolean> {
  await session.run('begin');
  try {
    for (const statement of statements) await session.run(statement);
    await session.run('commit');
    return true;
  } catch {
    await session.run('rollback');
    return false;
  }
}
