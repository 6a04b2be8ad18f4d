import { fileWith, foldersWith } from './fitting-folders.ts';
import { type FileTree, fileTreeOf, isWithin, type RepositoryFiles } from './repository.ts';

/** A folder whose migrations are programs: no file holds their SQL, their tool has to run them. */
export interface ProgramFolder {
  readonly tool: string;
  readonly folder: string;
  /** The commands that run one migration, and take one back. */
  readonly forward: string;
  readonly back: string;
}

interface ProgramTool extends Pick<ProgramFolder, 'tool' | 'forward' | 'back'> {
  readonly name: RegExp;
  readonly text: RegExp;
  /** How the folder ends, where the tool asks for that. */
  readonly folder: RegExp;
}

const script = /^\d{8,14}[-_].*\.[cm]?[jt]s$/;

/** The commands are those of docs/recipes/record.md. */
const programs: readonly ProgramTool[] = [
  {
    tool: 'MikroORM',
    name: /^Migration.*\.[cm]?[jt]s$/,
    text: /@mikro-orm\/migrations/,
    folder: /$/,
    forward: 'npx mikro-orm migration:up',
    back: 'npx mikro-orm migration:down',
  },
  {
    tool: 'TypeORM',
    name: /^\d{13}-.*\.[cm]?[jt]s$/,
    text: /\bMigrationInterface\b/,
    folder: /$/,
    forward: 'npx typeorm migration:run',
    back: 'npx typeorm migration:revert',
  },
  {
    tool: 'Sequelize',
    name: script,
    text: /\bqueryInterface\b/,
    folder: /migrations$/,
    forward: 'npx sequelize-cli db:migrate',
    back: 'npx sequelize-cli db:migrate:undo',
  },
  {
    tool: 'Knex',
    name: script,
    text: /\bknex\b/i,
    folder: /migrations$/,
    forward: 'npx knex migrate:up',
    back: 'npx knex migrate:down',
  },
  {
    tool: 'node-pg-migrate',
    name: script,
    text: /\bpgm\b/,
    folder: /migrations$/,
    forward: 'npx node-pg-migrate up',
    back: 'npx node-pg-migrate down',
  },
  {
    tool: 'Alembic',
    name: /\.py$/,
    text: /^(?:from|import) alembic\b/m,
    folder: /versions$/,
    forward: 'alembic upgrade +1',
    back: 'alembic downgrade -1',
  },
  {
    tool: 'Django',
    name: /^\d{4}_.*\.py$/,
    text: /\bmigrations\.Migration\b/,
    folder: /migrations$/,
    forward: 'python manage.py migrate APP',
    back: 'python manage.py migrate APP zero',
  },
  {
    tool: 'Rails',
    name: /^\d{14}_.*\.rb$/,
    text: /\bActiveRecord::Migration\b/,
    folder: /db\/migrate$/,
    forward: 'bin/rails db:migrate',
    back: 'bin/rails db:rollback',
  },
];

/** Finds the folders of migrations at or below a folder that are programs, by the names and the words of their files. None of them is run. */
export function findPrograms(files: RepositoryFiles, below = ''): readonly ProgramFolder[] {
  const tree: FileTree = fileTreeOf(files);
  return programs.flatMap(({ tool, forward, back, name, text, folder }) =>
    foldersWith(tree, name)
      .filter((one) => isWithin(one.folder, below) && folder.test(one.folder) && fileWith(tree, one, text) !== null)
      .map((one) => ({ tool, folder: one.folder, forward, back })),
  );
}
