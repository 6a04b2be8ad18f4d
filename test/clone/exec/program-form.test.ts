import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionOf, psqlCommand } from '../../../src/clone/exec/program-clone.ts';
import { levelOf, unlikeTargets } from '../../../src/clone/level.ts';
import { programAnswerForms, programRequestForm, programSchema } from '../../../src/clone/exec/program-form.ts';
import { secret } from '../../../src/database/index.ts';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');
const page = readFileSync(join(docs, 'CLONES.md'), 'utf8');

describe('what is said between One Roof and a program', () => {
  it('stands in docs/clone-program.schema.json as the forms say', () => {
    expect(JSON.parse(readFileSync(join(docs, 'clone-program.schema.json'), 'utf8'))).toEqual(programSchema());
  });

  it('has examples in docs/CLONES.md that forms and schema take', () => {
    const [request, answer] = [...page.matchAll(/```json\n([^]*?)\n```/g)].map(
      ([, text = '']) => JSON.parse(text) as object,
    );
    const byHand = JSON.parse(/echo '(.*)' \|/.exec(page)?.[1] ?? '') as object;
    for (const one of [request, byHand]) expect(programRequestForm.safeParse(one).error?.issues ?? []).toEqual([]);
    expect(programAnswerForms.clone.safeParse(answer).error?.issues ?? []).toEqual([]);
    const { $defs } = programSchema() as { $defs: Record<string, z.core.JSONSchema.JSONSchema> };
    for (const [name, value] of [
      ['request', request],
      ['request', byHand],
      ['answer-clone', answer],
    ] as const) {
      const form = z.fromJSONSchema($defs[name] as z.core.JSONSchema.JSONSchema);
      expect([name, form.safeParse(value).success, form.safeParse({ ...value, more: 1 }).success]).toEqual([
        name,
        true,
        false,
      ]);
    }
  });

  it('has every verb in the table of docs/CLONES.md', () => {
    const [, table = ''] = page.split('## What the program must do');
    const verbs = [...(table.split(/\n#+ /)[0] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, verb]) => verb);
    expect(verbs).toEqual(Object.keys(programAnswerForms));
  });

  it.each([
    ['a host that is a command', { host: '$(id)' }],
    ['a host that is an option', { host: 'a b' }],
    ['a port that is none', { port: 0 }],
    ['a user of two lines', { user: 'a\nb' }],
    ['two passwords', { password: 'a', passwordFrom: 'B' }],
    ['another key', { passfile: '/etc/passwd' }],
    ['another sslmode', { sslmode: 'no' }],
  ])('takes no connection with %s', (_, wrong) => {
    const connection = { host: 'h', port: 5432, user: 'u', database: 'd' };
    const answer = { version: 1, request: 'r', id: 'i', connection };
    expect(programAnswerForms.clone.safeParse(answer).success).toBe(true);
    expect(programAnswerForms.clone.safeParse({ ...answer, connection: { ...connection, ...wrong } }).success).toBe(
      false,
    );
  });
});

describe('a clone that a program answers with', () => {
  const where = { host: 'h.example', port: 5432, user: 'u', database: 'd' };

  it('is connected to with its own password or that of a variable, and neither is shown', () => {
    const variables = new Map([['HELD', secret('s3cret')]]);
    const own = connectionOf({ ...where, password: 'p4ss' }, variables);
    const held = connectionOf({ ...where, passwordFrom: 'HELD' }, variables);
    expect([own.password?.reveal(), held.password?.reveal()]).toEqual(['p4ss', 's3cret']);
    expect(JSON.stringify([own, held])).not.toMatch(/p4ss|s3cret|passwordFrom/);
    expect(() => connectionOf({ ...where, passwordFrom: 'OTHER' }, variables)).toThrow(
      expect.objectContaining({ code: 'CLONE_PROGRAM_ANSWER' }),
    );
  });

  it('is connected to by one command, whatever its names hold, and without a password', () => {
    expect(psqlCommand({ ...where, password: 'p4ss', sslmode: 'require' })).toBe(
      "psql 'host=h.example port=5432 user=u dbname=d sslmode=require'",
    );
    expect(psqlCommand({ ...where, passwordFrom: 'HELD', database: `it's $(id) \\` })).toBe(
      `PGPASSWORD="$HELD" psql 'host=h.example port=5432 user=u dbname='\\''it\\'\\''s $(id) \\\\'\\'''`,
    );
  });

  it('is as near to production as both servers say, and never nearer', () => {
    const copy = { database: 'd', systemIdentifier: '7', timeline: 1, databaseOid: '16384', serverVersion: 180_004 };
    expect(levelOf(copy, [copy])).toBe('lineage');
    for (const other of [{ systemIdentifier: '8' }, { databaseOid: '5' }])
      expect(levelOf(copy, [{ ...copy, ...other }])).toBe('none');
    const unknown = { ...copy, systemIdentifier: '' };
    expect([levelOf(unknown, [unknown]), levelOf(copy, [])]).toEqual(['none', 'none']);
    expect(unlikeTargets(copy, [copy])).toEqual([]);
    expect(unlikeTargets(copy, [{ ...copy, serverVersion: 160_001 }])).toEqual([
      expect.stringContaining('PostgreSQL 18'),
    ]);
  });
});
