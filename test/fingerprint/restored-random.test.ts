import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Session } from '../../src/database/index.ts';
import { captureSchema, compareSchemas, type SchemaFingerprint } from '../../src/fingerprint/index.ts';
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

/** Options of a wrapper that its new validator refuses stay, as the server warns: no such dump can be restored. */
const unrestorable = /^alter foreign data wrapper wrapper validator postgresql_fdw_validator/;

const change = fc.record({
  template: fc.nat(templates.length - 1),
  picks: fc.array(fc.nat(9999), { minLength: 12, maxLength: 12 }),
});

const dumped = versions.filter((version) => Number(version) >= 15 && clientsOf(version) !== null);
const perDatabase = 35;
const changes = fc.sample(change, { numRuns: count('restoredDumps') * perDatabase, seed });
const databases = Array.from({ length: count('restoredDumps') }, (_, at) => at * perDatabase);

describe.skipIf(dumped.length === 0).each(isLong ? dumped : dumped.slice(0, 1))(
  'on %s a restored dump has the same list of objects after whatever changes of the schema',
  (version) => {
    test.each(databases)(`seed ${seed}, from change %i on`, { timeout: 300_000 }, async (start) => {
      const except = await membersOfExtensions(version);
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
            if (text === null || unrestorable.test(text.join('; '))) continue;
            if (await attempt(session, text)) made.push(text.join('; '));
          }
        });
        await withRestored({ version, connection, way: 'custom' }, async ({ copy, errors }) => {
          const [was, is] = await Promise.all([connection, copy].map((to) => withSession(to, captureSchema)));
          if (was === undefined || is === undefined) throw new Error('two databases were read');
          const identities = identityTypes(was);
          const found = compareSchemas(was, is).flatMap((one) => written(one) ?? []);
          const wrong = found.filter((one) => !identities.has(one) && !documented.some((known) => known.test(one)));
          expect(wrong, `${errors.join('\n')}\nafter ${made.join(';\n')}`).toEqual([]);
        });
        expect(made.length / perDatabase).toBeGreaterThan(0.5);
      });
    });
  },
);

/** As docs/FORMAT.md lists it too: what depends on the type of an identity column's sequence, where it is not that of the column. */
function identityTypes({ objects }: SchemaFingerprint): ReadonlySet<string> {
  const columns = new Map(
    objects.flatMap(({ kind, name, logical }) => (kind === 'column' ? [[`${name} i`, logical['type']]] : [])),
  );
  const odd = objects.filter(({ kind, logical }) => {
    const type = columns.get(String(logical['ownedBy']));
    return kind === 'sequence' && type !== undefined && type !== logical['type'];
  });
  return new Set(odd.flatMap(({ name }) => ['type', 'min', 'max'].map((property) => `sequence ${name}: ${property}`)));
}

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
