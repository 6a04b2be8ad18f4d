import { describe, expect, it } from 'vitest';
import { findProjects, readProject } from '../../src/import/index.ts';
import { loadParser } from '../../src/release/index.ts';
import { repositoryOf } from './files.ts';

const size = 200_000;
const goose = '-- +goose Up\n-- +goose ENVSUB ON\n';
const changeset = '-- liquibase formatted sql\n-- changeset a:1 ';

/** Files whose length a careless expression squares. */
const files: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['goose, a directive of blanks', { 'm/1_a.sql': `${goose}-- +goose ${' '.repeat(size)}x\nSELECT 1;\n` }],
  ['goose, variables that never end', { 'm/1_a.sql': `${goose}SELECT '${'${A:-'.repeat(size / 5)}';\n` }],
  ['dbmate, empty lines', { 'm/1_a.sql': `-- migrate:up\n${'\n'.repeat(size)}-- migrate:down\n` }],
  ['Flyway, placeholders that never end', { 'pom.xml': 'flyway', 'm/V1__a.sql': `-- ${'${'.repeat(size / 2)}` }],
  ['Flyway, a setting of blanks', { 'flyway.conf': `flyway.a=${' '.repeat(size)}x`, 'm/V1__a.sql': '' }],
  [
    'popx, templates that never end',
    { 'm/1_a.postgres.up.sql': '', 'm/2_b.up.sql': '{{'.repeat(size / 2), 'm/1_a.mysql.up.sql': '' },
  ],
  [
    'Liquibase, attributes that never end',
    { 'm/a.sql': `${changeset}${'x'.repeat(size)}\nSELECT 1;\n-- changeset a:2 ${'a:"'.repeat(size / 3)}\n` },
  ],
  [
    'Liquibase, comments and elements that never end',
    {
      'm/changelog.xml': `<databaseChangeLog>${'<!--'.repeat(size / 8)}${'<include '.repeat(size / 8)}`,
      'm/a.sql': changeset,
    },
  ],
  [
    'Liquibase, attributes of XML that never end',
    { 'm/changelog.xml': `<databaseChangeLog><changeSet>${'<a b="'.repeat(size / 6)}</changeSet></databaseChangeLog>` },
  ],
  [
    'Liquibase, many changesets of XML',
    {
      'm/changelog.xml': `<databaseChangeLog>${Array.from({ length: size / 50 }, (_, at) => `<changeSet id="${at}" author="a">\n</changeSet>`).join('')}</databaseChangeLog>`,
    },
  ],
  [
    'Liquibase, copies of one changeset',
    { 'm/a.sql': `-- liquibase formatted sql\n${'-- changeset a:1\n'.repeat(size / 17)}` },
  ],
  [
    'graphile-migrate, comments that never end',
    { '.gmrc': '/*'.repeat(size), 'm/committed/000001.sql': '--! Previous: -\n--! Hash: x\n\nSELECT 1;' },
  ],
  [
    'node-pg-migrate, empty lines',
    { 'package.json': '{"dependencies":{"node-pg-migrate":"8"}}', 'migrations/1_a.sql': '\n'.repeat(size) },
  ],
  [
    'numbered files, empty lines',
    { 'migrations/1_a.sql': '\n'.repeat(size), 'migrations/2_b.sql': `SELECT 1;${' '.repeat(size)}` },
  ],
];

describe('a hostile repository', () => {
  it.each(files)('takes no time that its size does not explain: %s', async (_, repository) => {
    const parser = await loadParser();
    const began = performance.now();
    const found = findProjects(repositoryOf(repository));
    expect(found).toHaveLength(1);
    for (const one of found) readProject(repositoryOf(repository), one, parser);
    // squared it would be minutes; a busy machine takes a part of a second
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
