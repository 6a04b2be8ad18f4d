import { describe, expect, it } from 'vitest';
import { findProjects } from '../../src/import/index.ts';
import { byId, idsOf, projectOf, repositoryOf } from './files.ts';

const resources = 'src/main/resources/db/migration';

describe('Flyway', () => {
  it('orders by the parts of the version, repeatables last, folders included', async () => {
    const project = await projectOf({
      'pom.xml': '<artifactId>flyway-core</artifactId>',
      [`${resources}/V1.10__c.sql`]: '',
      [`${resources}/V1_9__b.sql`]: '',
      [`${resources}/old/V1.0__a.sql`]: '',
      [`${resources}/R__views.sql`]: '',
      [`${resources}/R__Functions.sql`]: '',
      [`${resources}/U1.9__b.sql`]: 'SELECT 9;',
      [`${resources}/beforeMigrate.sql`]: '',
      [`${resources}/v2__lower.sql`]: '',
      'src/main/java/db/migration/V2__Code.java': '',
    });
    expect(project).toMatchObject({ tool: 'flyway', folder: resources, knownBy: 'flyway in pom.xml' });
    expect(idsOf(project)).toEqual(['1', '1.9', '1.10', '2', 'R Functions', 'R views']);
    expect(byId(project, '1.9')).toMatchObject({
      name: 'V1_9__b',
      up: { send: 'transaction' },
      down: { text: 'SELECT 9;' },
    });
    expect(byId(project, '2').unreadable).toBe('it is written in Java');
    expect(project.warnings.map(({ file }) => file)).toEqual([
      `${resources}/beforeMigrate.sql`,
      `${resources}/v2__lower.sql`,
    ]);
  });

  it('fills placeholders from its settings, and names one that has no value', async () => {
    const project = await projectOf({
      'conf/flyway.conf':
        '# settings\nflyway.locations=filesystem:sql\nflyway.placeholders.owner=app\nflyway.placeholders.secret=${env.SECRET}\n',
      'sql/V1__a.sql': '\uFEFFALTER TABLE t\r\n  OWNER TO ${OWNER};',
      'sql/V2__b.sql': "SELECT '${secret}';",
      'sql/V3__c.sql': "SELECT '${nobody}', '${flyway:filename}';",
      'sql/V4__d.sql': "SELECT '${nobody}';",
      'sql/V4__d.sql.conf': 'placeholderReplacement=false\n',
    });
    expect(project.knownBy).toBe('flyway in conf/flyway.conf');
    expect(byId(project, '1')).toMatchObject({ unreadable: null, up: { text: 'ALTER TABLE t\r\n  OWNER TO app;' } });
    expect(byId(project, '2').unreadable).toContain('placeholder secret');
    expect(byId(project, '3').unreadable).toContain('placeholder nobody');
    expect(byId(project, '4')).toMatchObject({ unreadable: null, up: { text: "SELECT '${nobody}';" } });
  });

  it('runs a script outside a transaction where its statements need that, and refuses a mixture', async () => {
    const files = {
      'flyway.toml': '[flyway]\nlocations = ["filesystem:sql"]\n',
      'sql/V1__a.sql': 'CREATE INDEX CONCURRENTLY i ON t (a);\nCREATE INDEX CONCURRENTLY j ON t (b);',
      'sql/V2__b.sql': 'SELECT 1;\nVACUUM t;',
      'sql/V3__c.sql': 'SELECT 1;',
      'sql/V3__c.sql.conf': 'executeInTransaction=false',
      'sql/V4__d.sql': 'COPY t FROM STDIN;\n1\n\\.\n',
    };
    const project = await projectOf(files);
    expect(project.migrations.map(({ up }) => up.send)).toEqual([
      'statements',
      'statements',
      'statements',
      'transaction',
    ]);
    expect(byId(project, '2').unreadable).toContain('line 2 runs outside a transaction');
    expect(byId(project, '4').unreadable).toContain('COPY');
    const mixed = await projectOf({
      ...files,
      'flyway.toml': '[flyway]\nlocations = ["filesystem:sql"]\nmixed = true\n',
    });
    expect(byId(mixed, '2').unreadable).toBeNull();
  });

  it('reads the settings of Spring and other prefixes', async () => {
    const project = await projectOf({
      'src/main/resources/application.yml':
        'spring:\n  flyway:\n    locations: classpath:migrations/{vendor}\n    sql-migration-prefix: M\n    placeholders:\n      name: x\n',
      'src/main/resources/migrations/postgresql/V1__skipped.sql': '',
      'src/main/resources/migrations/postgresql/M1__a.sql': "SELECT '${name}';",
    });
    expect(idsOf(project)).toEqual(['1']);
    expect(byId(project, '1').up.text).toBe("SELECT 'x';");
  });

  it('cannot read a version that is given twice, and offers only the folder of PostgreSQL', async () => {
    const files = {
      [`${resources}/postgresql/V1__a.sql`]: '',
      [`${resources}/postgresql/V1.0__b.sql`]: '',
      [`${resources}/h2/V1__a.sql`]: '',
    };
    expect(findProjects(repositoryOf(files)).map(({ folder }) => folder)).toEqual([`${resources}/postgresql`]);
    expect(idsOf(await projectOf(files))).toEqual(['1', '1 V1__a']);
  });
});
