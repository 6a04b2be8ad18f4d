import { expect, test } from 'vitest';
import { nameSession, type SessionFacts } from '../../src/rollout/session-name.ts';

const facts = { application: null, role: 'app', address: null, query: null };

test.each<[Partial<SessionFacts>, string]>([
  [{ application: 'billing', query: 'select 1' }, 'billing'],
  [{ application: '' }, 'role app'],
  [{ role: null }, 'no name'],
  [{ address: '10.0.0.5', query: 'update  t\n set i = 1' }, 'role app from 10.0.0.5: update t set i = 1'],
  // not to be seen by this role
  [{ query: '<insufficient privilege>' }, 'role app'],
  // values are somebody's: a password, a token
  [{ query: "alter role x password 'it''s \\' secret', y" }, "role app: alter role x password '…', y"],
  [{ query: "select $a$ secret $b$ $a$, 'open" }, "role app: select '…', '…'"],
  [{ query: 'select $$never closed' }, "role app: select '…'"],
  [{ application: '\u001b[2J\u202eevil' }, '\\u{1b}[2J\\u{202e}evil'],
  [{ query: `select ${'x'.repeat(99)}` }, `role app: select ${'x'.repeat(52)}…`],
])('%j is %s', (of, expected) => {
  expect(nameSession({ ...facts, ...of })).toBe(expected);
});
