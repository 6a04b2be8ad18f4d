import { asTable } from './manifests.ts';
import { type FileTree, pathIn, parentOf } from './repository.ts';
import { withProperties } from './changesets.ts';
import { elementsIn, textOf, type XmlElement } from './xml-elements.ts';
import { lineOf, linesOf, migrationOf, nothing, type Side, wholeFile } from './scripts.ts';
import { type Migration, type Script } from './migration.ts';

/** One change of a changeset of XML, YAML or JSON: its name, its attributes, its text, and the line on which that begins. */
export interface WrittenChange {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly line: number;
}

/** A changeset of XML, YAML or JSON. */
export interface WrittenChangeset {
  readonly log: string;
  /** Where it begins in its changelog. */
  readonly line: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly changes: readonly WrittenChange[];
  /** null: there is none. */
  readonly rollback: readonly WrittenChange[] | null;
}

/**
 * A changeset as a migration, where it consists of `sql`, or of one `sqlFile`. Everything else is a statement that only Liquibase can write, so it is refused by name.
 *
 * Source  Liquibase, "sql", "sqlFile", "rollback"; liquibase-core, AbstractSQLChange.java.
 */
export function changesetOf(
  tree: FileTree,
  { log, line, attributes, changes, rollback }: WrittenChangeset,
  properties: ReadonlyMap<string, string>,
): Migration {
  const name = `${String(attributes['author'])}:${String(attributes['id'])}`;
  const send: Script['send'] =
    String(attributes['runInTransaction'] ?? true) === 'false' ? 'statements' : 'transaction';
  const side = (all: readonly WrittenChange[]): Side => {
    const { script, problem } = sideOf(tree, { log, line, send, all });
    return problem === null ? withProperties(script, properties) : { script, problem };
  };
  return migrationOf({
    id: `${String(attributes['logicalFilePath'] ?? log)}::${name}`,
    name,
    up: side(changes),
    down: rollback === null ? null : side(rollback),
  });
}

function sideOf(
  tree: FileTree,
  of: {
    readonly log: string;
    readonly line: number;
    readonly send: Script['send'];
    readonly all: readonly WrittenChange[];
  },
): Side {
  const { log, line, send } = of;
  const all = of.all.filter(({ attributes }) => isForPostgres(attributes['dbms']));
  const refuse = (what: string, at = line): Side => ({
    ...nothing(log),
    problem: `${log}:${at} has ${what}, which only Liquibase can turn into SQL: read what liquibase update-sql and liquibase rollback-sql write, or write it as <sql> or as a formatted SQL file`,
  });
  const other = all.find(({ name }) => name !== 'sql' && name !== 'sqlFile');
  if (other !== undefined) return refuse(other.name, other.line);
  const split = all.find(
    ({ attributes }) => ![undefined, ';'].includes(attributes['endDelimiter'] as string | undefined),
  );
  if (split !== undefined) return refuse('an endDelimiter', split.line);
  const [first, ...rest] = all;
  if (first === undefined) return { ...nothing(log), script: { ...nothing(log).script, line } };
  if (all.some(({ name }) => name === 'sqlFile')) {
    if (rest.length > 0) return refuse('a sqlFile beside another change', first.line);
    const path = String(first.attributes['path'] ?? '')
      .replace(/^classpath\*?:/, '')
      .replace(/^\.?\/+/, '');
    const isRelative = String(first.attributes['relativeToChangelogFile'] ?? false) === 'true';
    return wholeFile(tree, isRelative ? pathIn(parentOf(log), path) : fromRoot(tree, log, path), send);
  }
  // one script: each part on its own lines
  let text = '';
  for (const part of all) {
    const lines = part.line - first.line - (text.match(/\n/g)?.length ?? 0);
    text += `${text === '' || /;\s*$/.test(text) ? '' : ';'}${'\n'.repeat(Math.max(0, lines))}${part.text}`;
  }
  return { script: { file: log, line: first.line, text, send }, problem: null };
}

/** A path is one from the root of resources, which is a folder above the changelog. */
function fromRoot(tree: FileTree, log: string, path: string): string {
  for (let home = parentOf(log); home !== ''; home = parentOf(home))
    if (tree.read(pathIn(home, path)).problem === null) return pathIn(home, path);
  return path;
}

function isForPostgres(dbms: unknown): boolean {
  const names = typeof dbms === 'string' ? dbms.split(',').map((one) => one.trim()) : [];
  return (
    names.every((one) => one === '' || (one.startsWith('!') && one !== '!postgresql')) || names.includes('postgresql')
  );
}

/** The changesets of a changelog of XML. Elements are found by their marks; what is inside of CDATA is text. */
export function xmlChangesets(text: string, log: string): readonly WrittenChangeset[] {
  const lineAt = linesOf(text);
  return elementsIn(text, 0)
    .filter(({ name }) => name === 'databaseChangeLog')
    .flatMap(({ inside, at }) => elementsIn(inside, at))
    .filter(({ name }) => name === 'changeSet')
    .map(({ attributes, inside, at }) => {
      const parts = elementsIn(inside, at);
      const written = (one: XmlElement): WrittenChange => {
        const plain = textOf(one.inside);
        const lead = /^\s*/.exec(plain)?.[0] ?? '';
        return {
          name: one.name,
          attributes: one.attributes,
          text: plain.trim(),
          line: lineAt(one.at) + lineOf(lead, lead.length) - 1,
        };
      };
      const rollbacks = parts.filter(({ name }) => name === 'rollback');
      return {
        log,
        line: lineAt(at),
        attributes,
        changes: parts.filter(({ name }) => !silent.includes(name)).map(written),
        rollback:
          rollbacks.length === 0
            ? null
            : rollbacks.flatMap((one) => {
                const inner = elementsIn(one.inside, one.at);
                if (inner.length > 0) return inner.filter(({ name }) => !silent.includes(name)).map(written);
                const own = written({ ...one, name: 'sql' });
                return own.text === '' ? [] : [own];
              }),
      };
    });
}

/** What belongs to a changeset, and changes nothing. */
const silent = ['comment', 'rollback', 'validCheckSum', 'tagDatabase'];

/** A changeset of YAML or JSON. These give no lines: the first on which its id and its author are named counts. */
export function tableChangeset(value: unknown, of: { readonly log: string; readonly text: string }): WrittenChangeset {
  const table = asTable(value);
  const at = of.text.search(new RegExp(String.raw`\bid["']?\s*:\s*["']?${escaped(String(table['id']))}\b`));
  const line = lineOf(of.text, Math.max(0, at));
  const change = (one: unknown): readonly WrittenChange[] => {
    if (typeof one === 'string') return one.trim() === '' ? [] : [{ name: 'sql', attributes: {}, text: one, line }];
    return Object.entries(asTable(one)).map(([name, inner]) => {
      const attributes = asTable(inner);
      const own = name === 'sql' ? (attributes['sql'] ?? inner) : '';
      return { name, attributes, text: typeof own === 'string' ? own : '', line };
    });
  };
  const list = (given: unknown): readonly unknown[] => (Array.isArray(given) ? given : given == null ? [] : [given]);
  const preconditions = 'preConditions' in table ? [{ preConditions: {} }] : [];
  return {
    log: of.log,
    line,
    attributes: table,
    changes: [...preconditions, ...list(table['changes'])].flatMap(change).filter(({ name }) => !silent.includes(name)),
    rollback:
      'rollback' in table
        ? list(table['rollback'])
            .flatMap(change)
            .filter(({ name }) => name !== 'comment' && name !== 'empty')
        : null,
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
