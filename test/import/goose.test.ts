import { describe, expect, it } from 'vitest';
import { byId, idsOf, projectOf } from './files.ts';

const one = (text: string): Record<string, string> => ({ 'migrations/00001_a.sql': text });
const read = async (text: string) => byId(await projectOf(one(text)), '1');

describe('goose', () => {
  it('reads both directions of a file with the lines on which they begin', async () => {
    const { up, down, unreadable } = await read(
      '-- +goose Up\nCREATE TABLE a (x int);\n\n-- +goose Down\n-- gone\nDROP TABLE a;\n',
    );
    expect(unreadable).toBeNull();
    expect(up).toMatchObject({ file: 'migrations/00001_a.sql', line: 2, send: 'transaction' });
    expect(up.text.trim()).toBe('CREATE TABLE a (x int);');
    expect(down?.line).toBe(5);
    expect(down?.text).toBe('-- gone\nDROP TABLE a;\n');
  });

  it('has no down where the file has none, and an empty one where its section is empty', async () => {
    expect((await read('-- +goose Up\nSELECT 1;\n')).down).toBeNull();
    expect((await read('-- +goose up\nSELECT 1;\n-- +goose down\n')).down?.text).toBe('');
  });

  it('orders by number, and keeps migrations in Go in their place', async () => {
    const project = await projectOf({
      'go.mod': 'require github.com/pressly/goose/v3 v3.24.0\n',
      'db/10_c.sql': '-- +goose Up\nSELECT 1;\n',
      'db/2_b.go': 'package db\n',
      'db/2_b_test.go': 'package db\n',
      'db/001_a.sql': '-- +goose Up\nSELECT 1;\n',
      'db/seed.sql': 'SELECT 1;',
    });
    expect(idsOf(project)).toEqual(['1', '2', '10']);
    expect(byId(project, '2').unreadable).toBe('it is written in Go');
    expect(project.knownBy).toBe('pressly/goose in go.mod');
    expect(project.warnings.map(({ file }) => file)).toEqual(['db/seed.sql']);
  });

  it('sends each statement alone with NO TRANSACTION, for both directions', async () => {
    const { up, down } = await read('-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n');
    expect([up.send, down?.send]).toEqual(['statements', 'statements']);
  });

  it('ends a statement with StatementEnd, and keeps the lines', async () => {
    const body = 'CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND\n$$ LANGUAGE plpgsql';
    const { up, unreadable } = await read(
      `-- +goose Up\n-- +goose StatementBegin\n${body}\n-- +goose StatementEnd\nSELECT 1;\n`,
    );
    expect(unreadable).toBeNull();
    expect(up.text.split('\n')[6]).toBe('; -- +goose StatementEnd');
    expect(up.text.split('\n')[7]).toBe('SELECT 1;');
  });

  it.each([
    ['SELECT 1;', 'line 1 is before -- +goose Up'],
    ['-- nothing\n', 'no -- +goose Up'],
    ['-- +goose Up\nSELECT 1\n', 'the statement on line 2 does not end in a semicolon'],
    ['-- +goose Up\nSELECT 1; /* end */\n', 'does not end in a semicolon'],
    ['-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n', 'StatementBegin has no StatementEnd'],
    ['-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n', 'StatementEnd on line 3'],
    ['-- +goose Up\nSELECT 1;\n-- +goose Up\nSELECT 2;\n', 'second Up'],
    [
      '-- +goose Up\nCREATE FUNCTION f() RETURNS int AS $$\nBEGIN\nRETURN 1;\nEND\n$$ LANGUAGE plpgsql;\n',
      'inside the statement on line 2',
    ],
  ])('refuses what goose refuses: %j', async (text, why) => {
    const project = await projectOf({
      ...one(text),
      'migrations/00000000_z.sql': '',
      'migrations/2_ok.sql': '-- +goose Up\nSELECT 1;\n',
    });
    expect(byId(project, '1').unreadable).toContain(why);
    expect(byId(project, '2').unreadable).toBeNull();
  });

  it('takes defaults for variables of the environment, and names one without', async () => {
    const filled = await read(
      "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${NAME:-a}', '$$5';\n-- +goose ENVSUB OFF\nSELECT '$B';\n",
    );
    expect(filled.unreadable).toBeNull();
    expect(filled.up.text).toContain("SELECT 'a', '$5';");
    expect(filled.up.text).toContain("SELECT '$B';");
    expect((await read("-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${OWNER}';\n")).unreadable).toContain('OWNER');
  });

  it('reads files with CRLF', async () => {
    const { up, down, unreadable } = await read('-- +goose Up\r\nSELECT 1;\r\n-- +goose Down\r\nSELECT 2;\r\n');
    expect([unreadable, up.text, down?.text]).toEqual([null, 'SELECT 1;\r', 'SELECT 2;\r\n']);
  });
});
