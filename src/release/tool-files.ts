import { type ImportedTool } from './tool-rows.ts';

/** What a file is to its tool: a direction of the migration of this id. */
interface Named {
  readonly side: 'up' | 'down';
  readonly id: string;
}

/** Takes the id from a group of a name that fits; every other file is no migration. */
const named =
  (form: RegExp, idOf: (id: string) => string = (id) => id, isDown: (side: string) => boolean = () => false) =>
  (path: string): Named | null => {
    const [, id, side = ''] = form.exec(path) ?? [];
    return id === undefined ? null : { side: isDown(side) ? 'down' : 'up', id: idOf(id) };
  };
const number = (digits: string): string => String(BigInt(digits));
const saysDown = (side: string): boolean => side === 'down';
/** `1`, `1.0` and `1_00` are one version. */
const flywayVersion = (version: string): string =>
  version
    .split(/[._]/)
    .filter((part) => part !== '')
    .map(number)
    .join('.')
    .replace(/(?:\.0)+$/, '');

const whole = /^([^/]+)\.sql$/;
const flywayFile = named(/(?:^|\/)[VU]([0-9][0-9._]*)__[^/]*\.sql$/, flywayVersion);

/**
 * How each tool knows its files, below the folder of migrations. It is written apart from the readers of `import`, which have to agree with it.
 *
 * Source  as for toolRows; golang-migrate, source/parse.go; sqlx-core, migrate/source.rs, migration_type.rs; Flyway, ResourceNameParser.java.
 */
const files: Readonly<Record<ImportedTool, (path: string) => Named | null>> = {
  'golang-migrate': named(/^([0-9]+)_[^/]*\.(down|up)\.[^/]*$/, number, saysDown),
  goose: named(/^([0-9]+)_[^/]*\.sql$/, number),
  dbmate: named(/^(\d+)[^/]*\.sql$/),
  flyway: (path) => {
    const base = path.slice(path.lastIndexOf('/') + 1);
    const found =
      base.startsWith('R__') && base.endsWith('.sql') ? { side: 'up' as const, id: base } : flywayFile(path);
    return found === null || !base.startsWith('U') ? found : { ...found, side: 'down' };
  },
  // Prisma runs no down; its documentation has people write one beside the migration
  prisma: named(/^([^/]+)\/(migration|down)\.sql$/, undefined, saysDown),
  drizzle: (path) => named(/^([^/]+)\/migration\.sql$/)(path) ?? named(whole)(path),
  sqlx: (path) => {
    const found = named(/^\+?([0-9]+)_[^/]*\.sql$/, number)(path);
    return found === null || !path.endsWith('.down.sql') ? found : { ...found, side: 'down' };
  },
  diesel: named(/^([^/]+)\/(up|down)\.sql$/, undefined, saysDown),
  'graphile-migrate': named(/^([0-9]{6,})(?:-[^/]*)?\.sql$/),
  'node-pg-migrate': named(/^(\d+[^/]*)\.sql$/),
};

/** Says whether the tool takes a file for the up of a migration, and the other, where there is one, for the down of the same. */
export function areOfTool(tool: ImportedTool, up: string, down: string | null): boolean {
  const [own, other] = [files[tool](up), down === null ? null : files[tool](down)];
  return own?.side === 'up' && (down === null || (other?.side === 'down' && other.id === own.id));
}
