import { z } from 'zod';
import { tableOf } from './manifests.ts';
import { byteOrder, type FileTree, foldersIn, nameIn, parentOf, pathIn } from './repository.ts';
import { migrationOf, refuseTwice, wholeFile } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations, type ReadWarning } from './tool.ts';

const journalForm = z.object({
  dialect: z.enum(['postgresql', 'pg']),
  entries: z.array(z.object({ tag: z.string(), when: z.number() })),
});

/** The order of `meta/_journal.json`; from 1.0 on `20240102030405_a/migration.sql` by name. Source: drizzle-orm, src/migrator.ts, pg-core/dialect.ts. */
export const drizzle: MigrationTool = {
  name: 'drizzle',
  find: (tree) => {
    const journals = tree.paths.filter((path) => path.endsWith('meta/_journal.json') && journalOf(tree, path) !== null);
    const snapshots = tree.paths.filter(
      (path) => nameIn(path) === 'snapshot.json' && /^\d{14}_/.test(nameIn(parentOf(path))),
    );
    const newer = new Set(
      snapshots
        .filter((path) =>
          ['postgres', 'postgresql'].includes(String(tableOf(() => JSON.parse(tree.read(path).text))['dialect'])),
        )
        .map((path) => parentOf(parentOf(path))),
    );
    return [
      ...journals.map(
        (path) =>
          ({
            tool: 'drizzle',
            folder: parentOf(parentOf(path)),
            knownBy: `dialect postgresql in ${path}`,
            strength: 'certain',
          }) as const,
      ),
      ...[...newer].map(
        (folder) =>
          ({ tool: 'drizzle', folder, knownBy: 'dialect postgres in snapshot.json', strength: 'certain' }) as const,
      ),
    ];
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const journal = journalOf(tree, pathIn(folder, 'meta/_journal.json'));
    if (journal === null) {
      const names = foldersIn(tree, folder).filter((name) =>
        tree.folders.get(pathIn(folder, name))?.includes('migration.sql'),
      );
      // all pending ones run in one transaction
      const up = (name: string) => wholeFile(tree, pathIn(folder, `${name}/migration.sql`), 'transaction');
      return {
        migrations: names.toSorted(byteOrder).map((name) => migrationOf({ id: name, name, up: up(name), down: null })),
        warnings: [],
      };
    }
    const tags = journal.entries.map(({ tag }) => tag);
    const { migrations, warnings } = refuseTwice(
      journal.entries.map(({ tag, when }) => ({
        ...migrationOf({
          id: tag,
          name: tag,
          up: wholeFile(tree, pathIn(folder, `${tag}.sql`), 'transaction'),
          down: null,
        }),
        when,
      })),
      'the journal has it twice',
    );
    const unlisted = (tree.folders.get(folder) ?? []).filter(
      (name) => name.endsWith('.sql') && !tags.includes(name.slice(0, -4)),
    );
    return {
      migrations,
      warnings: [
        ...warnings,
        ...unlisted.map((name) => ({
          file: pathIn(folder, name),
          text: 'Drizzle never runs it: meta/_journal.json does not name it',
        })),
        ...skipped(folder, journal.entries),
      ],
    };
  },
};

/** Drizzle runs what is newer than the newest that ran: an entry with an older time is never run in a database that is up to date. */
function skipped(
  folder: string,
  entries: readonly { readonly tag: string; readonly when: number }[],
): readonly ReadWarning[] {
  return entries.flatMap(({ tag, when }, index) =>
    entries.slice(0, index).some((before) => before.when >= when)
      ? [
          {
            file: pathIn(folder, `${tag}.sql`),
            text: 'Drizzle skips it in a database that is up to date: its time in meta/_journal.json is not later than those before',
          },
        ]
      : [],
  );
}

function journalOf(tree: FileTree, path: string): z.infer<typeof journalForm> | null {
  const { data } = journalForm.safeParse(tableOf(() => JSON.parse(tree.read(path).text)));
  return data ?? null;
}
