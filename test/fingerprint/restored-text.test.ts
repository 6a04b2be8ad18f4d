import { expect, test } from 'vitest';
import { fixed, type Session, sql } from '../../src/database/index.ts';
import { restored, restoredBody } from '../../src/fingerprint/schema/restored.sql.ts';
import { serverConnection, withSession } from '../database.io.ts';

type Form = (text: string) => string;

/** What PostgreSQL writes first, and what it writes once it has read that. */
const rewritten: readonly (readonly [form: Form, first: string, again: string])[] = [
  [
    restored,
    `((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))`,
    `((v)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))`,
  ],
  [
    restored,
    `f((ARRAY[(1)::smallint, lower((x || '(,'::text)), "A,]"])::numeric(5,2)[])`,
    `f(ARRAY[((1)::smallint)::numeric(5,2), (lower((x || '(,'::text)))::numeric(5,2), ("A,]")::numeric(5,2)])`,
  ],
  [restored, `(((a = b) OR (a = c)) OR (a = d))`, `((a = b) OR (a = c) OR (a = d))`],
  [restored, `((((a = b) OR (a = c)) OR (a = d)) OR (a = e))`, `((a = b) OR (a = c) OR (a = d) OR (a = e))`],
  [restored, `(((a <> b) AND (a <> c)) AND (a <> d))`, `((a <> b) AND (a <> c) AND (a <> d))`],
  [
    restoredBody,
    `SELECT 'q'::text, '-5'::integer, 'x'::s.kind;`,
    `SELECT 'q'::text AS text, '-5'::integer AS int4, 'x'::s.kind AS kind;`,
  ],
  [restoredBody, `SELECT 'a'::character varying(3);`, `SELECT 'a'::character varying(3) AS "varchar";`],
];

/** Nothing that is told apart by a client may have one form. */
const apart: readonly (readonly [form: Form, one: string, other: string])[] = [
  [
    restored,
    `((v)::text = ANY ((ARRAY['a'::character varying])::text[]))`,
    `((v)::text = ANY (ARRAY['a'::character varying]))`,
  ],
  [restored, `'(ARRAY[''a''::character varying])::text[]'::text`, `'ARRAY[(''a''::character varying)::text]'::text`],
  [restored, `(((a = b) AND (a = c)) OR (a = d))`, `((a = b) AND ((a = c) OR (a = d)))`],
  [restored, `'(((a) OR (b)) OR (c))'::text`, `'((a) OR (b) OR (c))'::text`],
  [restored, `("(((a) OR (b)) OR (c))" OR (d))`, `("((a) OR (b) OR (c))" OR (d))`],
  [restoredBody, `SELECT 'x::text AS text'::text`, `SELECT 'x::text'::text`],
  [restoredBody, `SELECT 'x'::text AS other`, `SELECT 'x'::text`],
  [restoredBody, `SELECT 'x'::text AS text1`, `SELECT 'x'::text`],
];

test('what PostgreSQL writes in two ways has one form, and what means something else has not', async () => {
  await withSession(serverConnection(), async (session) => {
    for (const [form, first, again] of rewritten) {
      expect(await formed(session, form, first)).toBe(await formed(session, form, again));
      // without a form they differ, and in one they stay
      expect(first).not.toBe(again);
      expect(await formed(session, form, await formed(session, form, first))).toBe(await formed(session, form, first));
    }
    for (const [form, one, other] of apart)
      expect(await formed(session, form, one)).not.toBe(await formed(session, form, other));
  });
});

async function formed(session: Session, form: Form, text: string): Promise<string> {
  const [row] = await session.query<{ is: string }>(
    sql`select ${fixed(form('t.d'))} as is from (select ${text}::text as d) t`,
  );
  return row?.is ?? '';
}
