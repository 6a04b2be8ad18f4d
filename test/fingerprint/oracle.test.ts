import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Connection, Session } from '../../src/database/index.ts';
import { fixed, sql } from '../../src/database/index.ts';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { count, isLong, seed } from '../counts.ts';
import { fixture } from './mutations.fixture.ts';
import { Chooser, statementsOf, type Template } from './oracle.chooser.ts';
import { membersOfExtensions } from './oracle.io.ts';
import { otherTemplates } from './oracle.others.ts';
import { partTemplates } from './oracle.parts.ts';
import { relationTemplates } from './oracle.relations.ts';

const templates: readonly Template[] = [...relationTemplates, ...partTemplates, ...otherTemplates];
const binaries = '/usr/lib/postgresql/15/bin';

/** Statements that are tried; about one in fifteen fails, and changes nothing. */
const tries = count('schemaChanges');
/** After so many a fresh database begins, because the drops add up. */
const perDatabase = 35;

/** What we see and `pg_dump --schema-only` does not, as `kind: property`, and why. */
const beyondTheDump: ReadonlyMap<string, string> = new Map([
  ['constraint: comment', 'of a constraint trigger'],
  ['constraint: triggers', 'whether the triggers of a foreign key are disabled'],
  ['language: privileges', 'of sql, which initdb made'],
  ['sequence: type', 'of an identity column'],
  ['sequence: max', 'of an identity column, where it is the largest value of the type'],
  ['materialized view: populated', 'REFRESH belongs to the data'],
]);

const change = fc.record({
  template: fc.nat(templates.length - 1),
  picks: fc.array(fc.nat(9999), { minLength: 12, maxLength: 12 }),
});

test.runIf(versions.includes('15'))(
  'whatever pg_dump sees, the fingerprint sees; what only the fingerprint sees is listed',
  { timeout: 120_000 + tries * 3_000 },
  async () => {
    const restrict = (await promisify(execFile)(`${binaries}/pg_dump`, ['--help'])).stdout.includes('--restrict-key')
      ? ['--restrict-key=x']
      : [];
    const tally = { done: 0, failed: 0, empty: 0, seenByDump: 0, seenByUs: 0 };
    const missed: string[] = [];
    const unlisted = new Map<string, string>();
    const listed = new Set<string>();
    const failures: string[] = [];
    const except = await membersOfExtensions('15');
    const changes = fc.sample(change, { numRuns: tries, seed });
    for (let start = 0; start < tries; start += perDatabase)
      await withDatabase('15', async (connection) => {
        await runSql(connection, fixture);
        await withSession(connection, async (session) => {
          let [schema, dumped] = await Promise.all([captureSchema(session), dump(connection, restrict)]);
          for (const [index, { template, picks }] of changes.slice(start, start + perDatabase).entries()) {
            const statements = statementsOf(
              templates[template] as Template,
              new Chooser({ schema, picks, serial: start + index, except }),
            );
            if (statements === null) {
              tally.empty += 1;
              continue;
            }
            const failure = await attempt(session, statements);
            if (failure !== null) {
              tally.failed += 1;
              failures.push(`${statements.join('; ')}: ${failure}`);
              continue;
            }
            tally.done += 1;
            const [newSchema, newDump] = await Promise.all([captureSchema(session), dump(connection, restrict)]);
            const found = compareSchemas(schema, newSchema);
            if ((schema.digest === newSchema.digest) !== (found.length === 0))
              missed.push(`${statements.join('; ')}: the digest and the differences disagree`);
            if (found.length > 0) tally.seenByUs += 1;
            if (newDump !== dumped) {
              tally.seenByDump += 1;
              if (found.length === 0) missed.push(`${statements.join('; ')}:\n${onlyIn(dumped, newDump)}`);
            } else
              for (const { kind, property } of found) {
                const what = `${kind}: ${property ?? 'whole'}`;
                if (beyondTheDump.has(what)) listed.add(what);
                else unlisted.set(what, statements.join('; '));
              }
            [schema, dumped] = [newSchema, newDump];
          }
          for (const { name } of await session.query<{ name: string }>(
            sql`select quote_ident(subname) as name from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())`,
          )) {
            await session.query(sql`alter subscription ${fixed(name)} disable`);
            await session.query(sql`alter subscription ${fixed(name)} set (slot_name = none)`);
            await session.query(sql`drop subscription ${fixed(name)}`);
          }
        });
      });
    const summary = `seed ${seed}: ${JSON.stringify(tally)}; beyond the dump: ${[...listed].sort().join(', ')}`;
    if (isLong) console.log(summary, failures.join('\n'));
    expect(missed, summary).toEqual([]);
    expect([...unlisted], summary).toEqual([]);
    expect(tally.done / (tally.done + tally.failed), summary).toBeGreaterThan(0.8);
    expect(tally.seenByDump, summary).toBeGreaterThan(tally.done / 2);
  },
);

async function attempt(session: Session, statements: readonly string[]): Promise<string | null> {
  await session.run('begin');
  try {
    for (const statement of statements) await session.run(statement);
    await session.run('commit');
    return null;
  } catch (error) {
    await session.run('rollback');
    return (error as Error).message;
  }
}

async function dump(connection: Connection, restrict: readonly string[]): Promise<string> {
  const address = [
    '-h',
    connection.host,
    '-p',
    String(connection.port),
    '-U',
    connection.user,
    '-d',
    connection.database,
  ];
  const { stdout } = await promisify(execFile)(
    `${binaries}/pg_dump`,
    ['--schema-only', '--create', ...restrict, ...address],
    { maxBuffer: 1 << 26 },
  );
  // older ones end and begin with a random key, and cannot be told which
  return stdout.replace(/^\\(un)?restrict .*$/gm, '');
}

/** The lines that only one of two dumps has, for the report. */
function onlyIn(before: string, after: string): string {
  const [was, is] = [before, after].map((text) => new Set(text.split('\n'))) as [Set<string>, Set<string>];
  return [
    ...[...was].filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...[...is].filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ]
    .slice(0, 12)
    .join('\n');
}
