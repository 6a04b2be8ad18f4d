import { type Migration, type Script } from './migration.ts';
import { substitute } from './placeholders.ts';
import { type FileTree, isWithin, nameIn, parentOf } from './repository.ts';
import { migrationOf, type Side } from './scripts.ts';

/** The properties of Liquibase: `--property name:x value:y`, and `parameter.x=y` of its own file. */
export function propertiesIn(tree: FileTree, folder: string, files: readonly string[]): ReadonlyMap<string, string> {
  const own = tree.paths
    .filter((path) => nameIn(path) === 'liquibase.properties' && isWithin(folder, parentOf(path)))
    .flatMap((path) => [
      ...tree.read(path).text.matchAll(/^[ \t]*(?:liquibase\.command\.)?parameter\.([\w.-]+)[ \t]*[=:](.*)$/gm),
    ])
    .map(([, name = '', value = '']): [string, string] => [name, value.trim()]);
  const inFiles = files.flatMap((path) =>
    [...tree.read(path).text.matchAll(/^--[ \t]*property[ \t](.*)$/gim)].flatMap(
      ([, text = '']): [string, string][] => {
        const { name, value, dbms } = attributesOf(text);
        return name === undefined || !isOurs(dbms) ? [] : [[name, value ?? '']];
      },
    ),
  );
  // the first value of a property counts
  return new Map([...inFiles.toReversed(), ...own]);
}

/** `name:value` and `name:"a value"`. */
function attributesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/\b(\w{1,60}):(?:"([^"]{0,1000})"|(\S+))/g)].map(([, name = '', quoted, plain]) => [
      name,
      quoted ?? plain ?? '',
    ]),
  );
}

/** `dbms` names PostgreSQL, or all, or others with `!` alone. */
function isOurs(dbms: string | undefined): boolean {
  const names = (dbms ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (names.includes('!postgresql') || names.includes('none')) return false;
  return names.every((one) => one.startsWith('!')) || names.includes('postgresql') || names.includes('all');
}

const header = /^\uFEFF?\s*--\s*changeset\s+(?:"([^"]+)"|([^\s:]+))\s*:\s*(?:"([^"]+)"|(\S+))(.*)$/i;

/** The changesets of a file in order, without those for other databases. Source: liquibase, AbstractFormattedChangeLogParser.java. */
export function changesetsOf(
  tree: FileTree,
  file: string,
  properties: ReadonlyMap<string, string>,
): readonly Migration[] {
  // Liquibase reads lines whatever ends them
  const lines = tree.read(file).text.split(/\r?\n/);
  const starts = lines.flatMap((line, index) => (header.test(line) ? [index] : []));
  const path = /^\s*--\s*liquibase formatted sql\b(.*)$/im.exec(lines.join('\n'))?.[1] ?? '';
  return starts.flatMap((start, at): readonly Migration[] => {
    const [, quoted, plain, quotedId, plainId, rest = ''] = header.exec(lines[start] ?? '') ?? [];
    const attributes = attributesOf(rest);
    if (!isOurs(attributes['dbms'])) return [];
    const logical = attributes['logicalFilePath'] ?? attributesOf(path)['logicalFilePath'] ?? file;
    const name = `${quoted ?? plain}:${quotedId ?? plainId}`;
    const { up, down } = directionsOf(lines.slice(start + 1, starts[at + 1]), attributes);
    const send: Script['send'] = attributes['runInTransaction'] === 'false' ? 'statements' : 'transaction';
    const side = (from: number, texts: readonly string[]): Side =>
      withProperties({ file, line: start + 2 + from, text: texts.slice(from).join('\n'), send }, properties);
    const first = down?.findIndex((line) => line !== '') ?? -1;
    return [
      migrationOf({
        id: `${logical}::${name}`,
        name,
        up: side(0, up),
        down: down === null ? null : side(Math.max(first, 0), down),
      }),
    ];
  });
}

/** The lines of both directions, each with empty ones where the other is, so that lines keep their numbers. No rollback: null. */
function directionsOf(
  lines: readonly string[],
  attributes: Readonly<Record<string, string>>,
): { readonly up: readonly string[]; readonly down: readonly string[] | null } {
  let [inBlock, hasDown] = [false, false];
  const delimiter = attributes['endDelimiter'];
  const ended = (line: string): string => (delimiter !== undefined && line.trim() === delimiter ? ';' : line);
  const pairs = lines.map((line): readonly [string, string] => {
    const rollback = /^\s*--\s*rollback\b[ \t]?(.*)$/i.exec(line)?.[1];
    if (rollback !== undefined) {
      hasDown = true;
      return ['', /^\s*(?:empty|not required)\s*$/i.test(rollback) ? '' : ended(rollback)];
    }
    if (/^\s*\/\*\s*liquibase rollback\s*$/i.test(line)) [inBlock, hasDown] = [true, true];
    else if (inBlock && /^\s*\*\/\s*$/.test(line)) inBlock = false;
    else return inBlock ? ['', ended(line)] : [ended(line), ''];
    return ['', ''];
  });
  return { up: pairs.map(([up]) => up), down: hasDown ? pairs.map(([, down]) => down) : null };
}

/** SQL with the values of the properties that it names; a property without one is a problem. */
export function withProperties(script: Script, properties: ReadonlyMap<string, string>): Side {
  const { text, missing } = substitute(script.text, {
    form: /\$\{([\w.-]+)\}/g,
    valueOf: ([, name = '']) => properties.get(name) ?? null,
    nameOf: ([, name = '']) => name,
  });
  const reference = /^\s*changesetid:/i.test(text) ? `${script.file} takes the rollback of another changeset` : null;
  return {
    script: { ...script, text },
    problem:
      missing === null ? reference : `${script.file} uses the property ${missing}, which has no value in its files`,
  };
}
