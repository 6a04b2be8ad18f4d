import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { statementHash } from '../../src/evidence/index.ts';
import { count } from '../counts.ts';
import { versions, withSession } from '../database.io.ts';
import { withFunctions } from './sql.io.ts';

/** Text that PostgreSQL can hold, with much of what sorts or escapes in its own way. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\ue000',
      '\uffff',
      '\ufeff',
      '\u{10000}',
      '\u{10ffff}',
      '\ud7ff',
      '\u2028',
      '"',
      '\\',
      '/',
      '\u007f',
      'é',
      '\u0800',
    ),
    fc.integer({ min: 1, max: 0x7f }).map((code) => String.fromCharCode(code)),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => one !== '\0'),
  ),
  maxLength: 6,
});
const { document } = fc.letrec((tie) => ({
  document: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), fc.constant(null)),
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(text, tie('document'), { maxKeys: 6 }),
  ),
}));

/** What the database answers to one expression over many inputs (`input`, text), in their order; null where it raised. */
async function answers(
  connection: Connection,
  expression: string,
  inputs: readonly string[],
): Promise<(string | null)[]> {
  return withSession(connection, async (session) => {
    await session.run(`create or replace function pg_temp.answer(input text) returns text language plpgsql as
      $body$ begin return (${expression})::text; exception when sqlstate 'OR001' then return null; end $body$`);
    const rows = await session.query<{ answer: string | null }>(
      sql`select pg_temp.answer(input) as answer from unnest(${inputs}::text[]) with ordinality as i(input, n) order by n`,
    );
    return rows.map(({ answer }) => answer);
  });
}

describe.each(versions)('the byte rules in PostgreSQL %s', (version) => {
  test('documents have the same canonical text in the database as in Node', async () => {
    const documents = fc.sample(document, count('documents'));
    const canonical = documents.map(canonicalJson);
    await withFunctions(version, async (connection) => {
      const spelled = documents.map((one) => JSON.stringify(one, null, 1));
      expect(await answers(connection, 'gate.canonical(input::jsonb)', spelled)).toEqual(canonical);
    });
  });

  test('without the lift of U+E000 to U+FFFF keys beyond the first plane sort wrongly', async () => {
    const keys = '{"\u{10000}":1,"\ue000":2}';
    const ask = async (connection: Connection) => answers(connection, 'gate.canonical(input::jsonb)', [keys]);
    await withFunctions(version, async (connection) => expect(await ask(connection)).toEqual([keys]));
    await withFunctions(
      version,
      async (connection) => expect(await ask(connection)).not.toEqual([keys]),
      (sqlText) => sqlText.replace("'ee ', 'fe '", "'ee ', 'ee '"),
    );
  });

  test('a number that is not a safe integer is refused', async () => {
    await withFunctions(version, async (connection) => {
      const refused = ['1.5', '1.0', '-0.5', '9007199254740992', '1e300', '{"a":[1e-7]}'];
      expect(await answers(connection, 'gate.canonical(input::jsonb)', refused)).toEqual(refused.map(() => null));
      const good = ['-0', '1e2', '9007199254740991', '-9007199254740991'];
      const expected = ['0', '100', '9007199254740991', '-9007199254740991'];
      expect(await answers(connection, 'gate.canonical(input::jsonb)', good)).toEqual(expected);
    });
  });

  test('digests and statement hashes are those of Node, whatever the bytes', async () => {
    const lists = fc.sample(fc.array(text, { maxLength: 4 }), count('documents') / 6);
    const parts =
      "coalesce((select array_agg(convert_to(t, 'UTF8') order by n) from jsonb_array_elements_text(input::jsonb) with ordinality as e(t, n)), array[]::bytea[])";
    await withFunctions(version, async (connection) => {
      const spelled = lists.map((list) => JSON.stringify(list));
      expect(await answers(connection, `gate.digest('policy', ${parts})`, spelled)).toEqual(
        lists.map((list) => digest('policy', list)),
      );
      const hashes = spelled.map((body) => Buffer.from(statementHash(body)).toString('hex'));
      expect(await answers(connection, "encode(gate.statement_hash(input), 'hex')", spelled)).toEqual(hashes);
      expect(await answers(connection, "gate.digest('policy', array[null, input::bytea])", ['x'])).toEqual([null]);
      expect(await answers(connection, "gate.digest(E'policy v1\\nx', array[input::bytea])", ['x'])).toEqual([null]);
    });
  });

  test('base64url has one spelling for each byte string, and every other is null', async () => {
    const samples = fc
      .sample(fc.uint8Array({ maxLength: 90 }), count('documents') / 6)
      .map((bytes) => Buffer.from(bytes));
    const hex = samples.map((bytes) => bytes.toString('hex'));
    const spelled = samples.map((bytes) => bytes.toString('base64url'));
    const strings = fc.sample(
      fc.string({ unit: fc.constantFrom(...'AQgwB8_-+/= \n'), maxLength: 6 }),
      count('documents') / 3,
    );
    const strict = strings.map((one) => {
      const bytes = Buffer.from(one, 'base64url');
      return bytes.toString('base64url') === one ? bytes.toString('hex') : null;
    });
    expect(strict).toContain(null);
    await withFunctions(version, async (connection) => {
      expect(await answers(connection, "gate.base64url(decode(input, 'hex'))", hex)).toEqual(spelled);
      expect(await answers(connection, "encode(gate.from_base64url(input), 'hex')", spelled)).toEqual(hex);
      expect(await answers(connection, "encode(gate.from_base64url(input), 'hex')", strings)).toEqual(strict);
    });
  });
});
