import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explainRefusal, readRefusal, refusalForm, refusalOf } from '../../src/gate/index.ts';
import { refusalCodes } from '../../src/gate/refusal.ts';

const raised = (message: string, code = 'OR001'): Error => Object.assign(new Error(message), { code });

describe('a refusal of the gate', () => {
  it('is read into its code and its words, and reads the same again', () => {
    for (const text of ['seats: 1 of 2 seats are filled', 'data-gate: a = 0, needs: 1', 'statement: two\nlines']) {
      const [code = '', ...words] = text.split(': ');
      expect(readRefusal(text)).toEqual({ code, facts: { said: words.join(': ') } });
      expect(explainRefusal(readRefusal(text))).toBe(text);
    }
  });

  it('of a code that this program does not know keeps its words, and is none that it knows', () => {
    for (const text of ['phase-of-moon: wait', 'other: told', 'seats', 'Seats: none', '', 'seats:1 of 2']) {
      expect(readRefusal(text)).toEqual({ code: 'other', facts: { said: text } });
      expect(explainRefusal(readRefusal(text))).toBe(text);
    }
  });

  it('is read out of an error of the gate alone', () => {
    expect(refusalOf(raised('gate: fence: a newer attempt has begun'))).toEqual({
      code: 'fence',
      facts: { said: 'a newer attempt has begun' },
    });
    expect(refusalOf(raised('gate: seats: \u001b[2J'))?.facts.said).not.toContain('\u001b');
    expect(refusalOf(raised('gate: fence: a newer attempt has begun', 'P0001'))).toBeNull();
    expect(refusalOf('gate: fence: a newer attempt has begun')).toBeNull();
  });

  it('has a code that this program knows, wherever the SQL of the gate names one', () => {
    const folder = join(import.meta.dirname, '../../src/gate');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(\.sql|install|upgrade)\.ts$/.test(name),
    );
    const sql = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    const named = [
      ...sql.matchAll(/gate\.refuse\('([a-z-]+)'/g),
      ...sql.matchAll(/(?:return|return format\() ?'([a-z-]+): /g),
      ...sql.matchAll(/(?:exception|message =) 'gate: ([a-z-]+): /g),
      ...sql.matchAll(/require_metrics\(of_statement, '([a-z-]+)'/g),
      // the codes of an assertion are refused as they are returned
      ...readFileSync(join(folder, 'sql/passkey-signature.sql.ts'), 'utf8').matchAll(/then return '([a-z-]+)'/g),
    ].map(([, code]) => code ?? '');
    expect(new Set(named).size).toBeGreaterThan(50);
    const known: readonly string[] = refusalCodes;
    expect([...new Set(named)].filter((code) => !known.includes(code))).toEqual([]);
  });

  it('is read from a record in its form alone', () => {
    const refusal = readRefusal('expired: its time has ended');
    expect(refusalForm.parse(refusal)).toEqual(refusal);
    for (const wrong of [
      null,
      7,
      {},
      'expired: its time has ended',
      { code: 'expired' },
      { code: 'no-such', facts: { said: '' } },
    ])
      expect(refusalForm.safeParse(wrong).success).toBe(false);
  });
});
