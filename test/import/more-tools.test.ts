import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { byId, idsOf, projectOf } from './files.ts';

describe('Supabase', () => {
  it('orders by name, has no down, and sends alone what runs in no transaction', async () => {
    const project = await projectOf({
      'supabase/config.toml': 'project_id = "x"\n',
      'supabase/migrations/20240102000000_b.sql': 'CREATE INDEX CONCURRENTLY i ON t (a);',
      'supabase/migrations/20240101000000_a.sql': 'SELECT 1;',
      'supabase/migrations/20210101000000_init.sql': '',
      'supabase/migrations/notes.sql': '',
    });
    expect(project).toMatchObject({ tool: 'supabase', folder: 'supabase/migrations', knownBy: 'supabase/config.toml' });
    expect(idsOf(project)).toEqual(['20240101000000', '20240102000000']);
    expect(project.migrations.map(({ up }) => up.send)).toEqual(['transaction', 'statements']);
    expect(project.warnings).toHaveLength(2);
  });
});

describe('Atlas', () => {
  it('orders by name and takes the directives of the head', async () => {
    const project = await projectOf({
      'migrations/atlas.sum': 'h1:x\n',
      'migrations/20240102_b.sql': '-- atlas:txmode none\n\nSELECT 1;',
      'migrations/20240101.sql': 'SELECT 1;\n\n-- atlas:txmode none\n',
      'migrations/20240103_c.sql': '-- atlas:checkpoint\n\nSELECT 1;',
      'migrations/20240104_d.sql': '-- atlas:delimiter \\n\\n\n\nSELECT 1',
    });
    expect(project).toMatchObject({ tool: 'atlas', folder: 'migrations' });
    expect(idsOf(project)).toEqual(['20240101', '20240102', '20240104']);
    expect(project.migrations.map(({ up }) => up.send)).toEqual(['transaction', 'statements', 'transaction']);
    expect(byId(project, '20240104').unreadable).toContain('atlas:delimiter');
    expect(project.warnings.map(({ file }) => file)).toEqual(['migrations/20240103_c.sql']);
  });

  it('leaves a folder in the form of another tool to that one', async () => {
    expect((await projectOf({ 'm/atlas.sum': '', 'm/1_a.sql': '-- +goose Up\nSELECT 1;\n' })).tool).toBe('goose');
    expect((await projectOf({ 'm/atlas.sum': '', 'm/1_a.up.sql': '' })).tool).toBe('golang-migrate');
  });
});

describe('refinery', () => {
  it('orders by number, U among V, without a down', async () => {
    const project = await projectOf({
      'Cargo.toml': '[dependencies]\nrefinery = { version = "0.8", features = ["tokio-postgres"] }\n',
      'migrations/V10__c.sql': '',
      'migrations/U9__b.sql': '',
      'migrations/V1__a.rs': '',
      'migrations/x.sql': '',
    });
    expect([project.tool, ...idsOf(project)]).toEqual(['refinery', '1', '9', '10']);
    expect(byId(project, '1').unreadable).toBe('it is written in Rust');
    expect(byId(project, '9').down).toBeNull();
    expect(project.warnings.map(({ file }) => file)).toEqual(['migrations/x.sql']);
  });
});

describe('Hasura', () => {
  it('orders folders by number, below the name of a database', async () => {
    const project = await projectOf({
      'hasura/config.yaml': 'version: 3\nmetadata_directory: metadata\n',
      'hasura/migrations/default/1612345678901_b/up.sql': '-- hasura:no-transaction\nSELECT 1;',
      'hasura/migrations/default/1612345678901_b/down.sql': 'SELECT 2;',
      'hasura/migrations/default/999_a/down.sql': 'SELECT 3;',
    });
    expect(project).toMatchObject({ tool: 'hasura', folder: 'hasura/migrations/default' });
    expect(idsOf(project)).toEqual(['999', '1612345678901']);
    expect(byId(project, '1612345678901')).toMatchObject({ up: { send: 'message' }, down: { send: 'transaction' } });
    expect(byId(project, '999').up.text).toBe('');
  });
});

describe('sql-migrate', () => {
  it('orders numbers first, and keeps the lines of both directions', async () => {
    const project = await projectOf({
      'migrations/b.sql': '-- +migrate Up\nSELECT 1;\n',
      'migrations/10.sql': '-- +migrate Up\nSELECT 1;\n',
      'migrations/9_a.sql':
        '-- about\n-- +migrate Up notransaction\nSELECT 1;\n-- +migrate Down\nSELECT 2;\n-- +migrate Up\nSELECT 3;\n',
      'migrations/c.sql': 'SELECT 1;',
    });
    expect([project.tool, ...idsOf(project)]).toEqual(['sql-migrate', '9_a.sql', '10.sql', 'b.sql', 'c.sql']);
    const { up, down } = byId(project, '9_a.sql');
    expect(up).toMatchObject({ line: 3, send: 'statements', text: 'SELECT 1;\n\n\n\nSELECT 3;' });
    expect(down).toMatchObject({ line: 5, send: 'transaction', text: 'SELECT 2;' });
    expect(byId(project, 'c.sql').unreadable).toContain('no -- +migrate Up');
  });
});

describe('Sqitch', () => {
  const plan =
    '%syntax-version=1.0.0\n%project=x\n\nb 2024-01-01T00:00:00Z P <p@example.org> # first\na [b] 2024-01-02T00:00:00Z P <p@example.org>\n@v1 2024-01-03T00:00:00Z P <p@example.org>\nb [b@v1] 2024-01-04T00:00:00Z P <p@example.org>\nvars 2024-01-05T00:00:00Z P <p@example.org>\ngone 2024-01-06T00:00:00Z P <p@example.org>\nread 2024-01-07T00:00:00Z P <p@example.org>\n';

  it('takes the order of the plan, with the older scripts of a reworked change', async () => {
    const project = await projectOf({
      'sqitch.conf': '[core]\n\tengine = pg\n',
      'sqitch.plan': plan,
      'deploy/b@v1.sql': '-- Deploy\n\\set ON_ERROR_STOP on\nBEGIN;\nSELECT 1;\nCOMMIT;\n',
      'deploy/b.sql': "SELECT ARRAY[1,2]::int[], ':x';",
      'deploy/a.sql': 'SELECT 1;',
      'revert/a.sql': 'SELECT 2;',
      'reworked/revert/b@v1.sql': 'SELECT 3;',
      'deploy/vars.sql': "SELECT :'owner';",
      'deploy/read.sql': 'SELECT 1;\n\\ir other.sql\n',
    });
    expect([project.tool, ...idsOf(project)]).toEqual(['sqitch', 'b@v1', 'a', 'b', 'vars', 'gone', 'read']);
    expect(byId(project, 'b@v1')).toMatchObject({
      unreadable: null,
      up: { send: 'statements', file: 'deploy/b@v1.sql' },
    });
    expect(byId(project, 'b@v1').up.text).toBe(`-- Deploy\n${' '.repeat(21)}\nBEGIN;\nSELECT 1;\nCOMMIT;\n`);
    expect(byId(project, 'b@v1').down?.text).toBe('SELECT 3;');
    expect(byId(project, 'a').down?.text).toBe('SELECT 2;');
    expect(byId(project, 'b').unreadable).toBeNull();
    expect(byId(project, 'vars').unreadable).toContain('variable owner');
    expect(byId(project, 'gone').unreadable).toContain('no deploy/gone.sql');
    expect(byId(project, 'read').unreadable).toContain(String.raw`needs psql: \ir`);
  });
});

describe('Liquibase', () => {
  const sql = (body: string): string => `-- liquibase formatted sql\n${body}`;

  it('takes the order of the changelog and reads changesets with their rollback', async () => {
    const project = await projectOf({
      'db/changelog-master.yaml':
        'databaseChangeLog:\n  - include:\n      file: sql/z.sql\n      relativeToChangelogFile: true\n  - includeAll:\n      path: db/sql/more\n',
      'db/sql/z.sql': sql(
        '-- changeset ann:1\nCREATE TABLE a (x int);\n-- rollback DROP TABLE a;\n\n--changeset ann:2 runInTransaction:false\nCREATE INDEX CONCURRENTLY i ON a (x);\n/* liquibase rollback\nDROP INDEX i;\n*/\n-- changeset bob:3 dbms:mysql\nSELECT 1;\n',
      ),
      'db/sql/more/b.sql': sql('-- changeset bob:1 endDelimiter:/\nSELECT 1\n/\n'),
      'db/sql/left.sql': sql('-- changeset bob:1\nSELECT 1;\n'),
    });
    expect(project).toMatchObject({ tool: 'liquibase', folder: 'db' });
    expect(idsOf(project)).toEqual(['db/sql/z.sql::ann:1', 'db/sql/z.sql::ann:2', 'db/sql/more/b.sql::bob:1']);
    const [first, second, third] = project.migrations;
    expect(first).toMatchObject({ name: 'ann:1', up: { line: 3, send: 'transaction' }, down: { line: 4 } });
    expect(first?.up.text.trim()).toBe('CREATE TABLE a (x int);');
    expect(first?.down?.text.trim()).toBe('DROP TABLE a;');
    expect(second).toMatchObject({ up: { line: 7, send: 'statements' }, down: { line: 9, send: 'statements' } });
    expect(second?.down?.text.trim()).toBe('DROP INDEX i;');
    expect(third).toMatchObject({ down: null, up: { text: 'SELECT 1\n;\n' } });
    expect(project.warnings.map(({ file }) => file)).toEqual(['db/sql/left.sql']);
  });

  it('reads files with CRLF', async () => {
    const text = sql('--changeset ann:1 runInTransaction:false\nSELECT 1;\n--rollback SELECT 2;\n').replaceAll(
      '\n',
      '\r\n',
    );
    const { migrations } = await projectOf({ 'db/a.sql': text });
    expect(migrations).toHaveLength(1);
    expect(migrations[0]).toMatchObject({ name: 'ann:1', up: { line: 3, send: 'statements' }, down: { line: 4 } });
    expect(migrations[0]?.down?.text.trim()).toBe('SELECT 2;');
  });

  it('reads a changelog of XML, whose own changes keep their place', async () => {
    const project = await projectOf({
      'src/main/resources/db/changelog/master.changelog.xml':
        '<databaseChangeLog>\n<include file="db/changelog/a.sql"/>\n<!-- <include file="db/changelog/b.sql"/> -->\n<changeSet id="1" author="x"><sql>SELECT 1</sql></changeSet>\n</databaseChangeLog>',
      'src/main/resources/db/changelog/a.sql': sql(
        '--property name:owner value:app\n--changeset ann:1\nALTER TABLE a OWNER TO ${owner};\n--changeset ann:2\nSELECT ${nobody};\n--rollback empty\n--changeset ann:1\nSELECT 1;',
      ),
      'src/main/resources/db/changelog/b.sql': sql('--changeset ann:9\nSELECT 1;'),
    });
    expect(project.migrations.map(({ name }) => name)).toEqual(['ann:1', 'ann:2', 'ann:1', 'x:1']);
    const [owner, nobody, twice, own] = project.migrations;
    expect(owner?.up.text.trim()).toBe('ALTER TABLE a OWNER TO app;');
    expect(nobody?.unreadable).toContain('property nobody');
    expect(nobody?.down?.text.trim()).toBe('');
    expect(twice?.unreadable).toContain('refuses two changesets');
    expect(own).toMatchObject({ unreadable: null, up: { text: 'SELECT 1', line: 4 }, down: null });
  });

  it('reads SQL in XML, line by line, and refuses by name what only Liquibase can write', async () => {
    const log = 'db/changelog.xml';
    const project = await projectOf({
      [log]: `<?xml version="1.0"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">
  <changeSet id="1" author="a" runInTransaction="false">
    <comment>with <![CDATA[<sql>no</sql>]]></comment>
    <sql>
      CREATE TABLE a (x int CHECK (x &lt; 5))
    </sql>
    <sql splitStatements="false"><![CDATA[INSERT INTO a VALUES (1) -- </sql>
]]></sql>
    <sql dbms="mysql">DROP TABLE a</sql>
    <rollback>DROP TABLE a</rollback>
  </changeSet>
  <changeSet id="2" author="a">
    <sqlFile path="sql/two.sql" relativeToChangelogFile="true"/>
    <rollback><sqlFile path="sql/two-back.sql" relativeToChangelogFile="true"/></rollback>
  </changeSet>
  <changeSet id="3" author="a">
    <createTable tableName="b"><column name="x" type="int"/></createTable>
  </changeSet>
  <changeSet id="4" author="a"><preConditions onFail="MARK_RAN"/><sql>SELECT 1</sql></changeSet>
  <changeSet id="5" author="a"><sql>SELECT 1</sql><rollback/></changeSet>
  <changeSet id="6" author="a"><sqlFile path="nowhere.sql"/></changeSet>
</databaseChangeLog>`,
      'db/sql/two.sql': 'SELECT 2;',
      'db/sql/two-back.sql': 'SELECT 22;',
    });
    expect(project).toMatchObject({ tool: 'liquibase', folder: 'db', knownBy: `databaseChangeLog in ${log}` });
    const [one, two, three, four, five, six] = project.migrations;
    expect(project.migrations.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6].map((id) => `${log}::a:${id}`));
    expect(one).toMatchObject({
      unreadable: null,
      up: {
        file: log,
        line: 6,
        send: 'statements',
        text: 'CREATE TABLE a (x int CHECK (x < 5));\n\nINSERT INTO a VALUES (1) -- </sql>',
      },
      down: { line: 11, text: 'DROP TABLE a' },
    });
    expect(two).toMatchObject({
      up: { file: 'db/sql/two.sql', line: 1, text: 'SELECT 2;' },
      down: { file: 'db/sql/two-back.sql', text: 'SELECT 22;' },
    });
    expect(three?.unreadable).toMatch(/^db\/changelog\.xml:18 has createTable, .* liquibase update-sql/);
    expect(four?.unreadable).toContain('has preConditions');
    expect(five).toMatchObject({ unreadable: null, down: { text: '' } });
    expect(six?.unreadable).toContain('nowhere.sql is missing');
  });

  it.each(['yaml', 'json'])('reads SQL in %s, and refuses by name the rest', async (form) => {
    const changes = (...all: readonly unknown[]): unknown => ({ changes: all });
    const sets = [
      { id: 1, author: 'a', ...(changes({ sql: { sql: 'SELECT 1' } }) as object), rollback: 'SELECT 11' },
      {
        id: '2',
        author: 'a',
        ...(changes({ sqlFile: { path: 'db/two.sql' } }) as object),
        rollback: [{ sql: 'SELECT 22' }],
      },
      { id: 'x', author: 'a', ...(changes({ addColumn: { tableName: 't' } }) as object) },
    ];
    const log = { databaseChangeLog: sets.map((changeSet) => ({ changeSet })) };
    const project = await projectOf({
      [`db/changelog.${form}`]: form === 'json' ? JSON.stringify(log, null, 1) : stringify(log),
      'db/two.sql': 'SELECT 2;',
    });
    const [one, two, other] = project.migrations;
    expect(one).toMatchObject({ name: 'a:1', up: { text: 'SELECT 1' }, down: { text: 'SELECT 11' } });
    expect(one?.up.line).toBeGreaterThan(1);
    expect(two).toMatchObject({ up: { file: 'db/two.sql', text: 'SELECT 2;' }, down: { text: 'SELECT 22' } });
    expect(other?.unreadable).toMatch(new RegExp(`changelog\\.${form}:\\d+ has addColumn`));
  });
});
