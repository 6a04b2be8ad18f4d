import { type Sending } from './court.io.ts';

/** One direction: its text, and how the tool sends it. */
interface Half {
  readonly text: string;
  readonly sending: Sending;
}

/** One migration as it is in a folder. */
export interface Pair {
  readonly name: string;
  readonly up: Half;
  readonly down: Half | null;
}

/** The layouts that are read, with the way in which the tool sends a script that says nothing else. */
export const layouts: Readonly<Record<string, Sending>> = {
  // x.up.sql beside x.down.sql
  'golang-migrate': 'message',
  pairs: 'transaction',
  // the same, with the name of a database before the direction
  popx: 'transaction',
  // x/up.sql beside x/down.sql
  diesel: 'transaction',
  // both directions in one file
  goose: 'transaction',
  dbmate: 'transaction',
};

/** The migrations among the files of a folder, in their order. What is written in a program's language is left out. */
export function pairsIn(layout: string, files: ReadonlyMap<string, string>): readonly Pair[] {
  const sending = layouts[layout];
  if (sending === undefined) throw new Error(`--tool is one of ${Object.keys(layouts).join(', ')}`);
  const found =
    layout === 'goose' || layout === 'dbmate'
      ? [...files].flatMap(([path, text]) => inOneFile(layout, path, text))
      : inTwoFiles(files, { layout, sending });
  return found.toSorted((a, b) => {
    const [one, other] = [versionOf(a.name), versionOf(b.name)];
    if (one !== other) return one < other ? -1 : 1;
    return a.name < b.name ? -1 : 1;
  });
}

/** The number in front, without hyphens: 2018-04-13-170549 comes after 20170101000000. */
function versionOf(name: string): bigint {
  return BigInt(/^\D*([0-9][0-9-]*)/.exec(name)?.[1]?.replaceAll('-', '') ?? '0');
}

function inTwoFiles(
  files: ReadonlyMap<string, string>,
  { layout, sending }: { readonly layout: string; readonly sending: Sending },
): readonly Pair[] {
  const halves = new Map<string, { name: string; up?: Half & { own: boolean }; down?: Half & { own: boolean } }>();
  for (const [path, text] of files) {
    const file =
      layout === 'diesel'
        ? /^(.*)()()\/(up|down)\.sql$/.exec(path)
        : /^(.+?)(\.postgres)?(\.autocommit)?\.(up|down)\.sql$/.exec(path);
    if (
      file === null ||
      (layout === 'popx' && /\.(?:mysql|sqlite3?|cockroach)(?:\.autocommit)?\.(?:up|down)\.sql$/.test(path))
    )
      continue;
    const [, name = '', own, autocommit, direction] = file;
    const isMessage =
      autocommit !== undefined && autocommit !== ''
        ? true
        : /run_in_transaction\s*=\s*false/.test(files.get(`${name}/metadata.toml`) ?? '');
    // golang-migrate joins the two by their number, whatever the rest of their names
    const id = layout === 'golang-migrate' ? String(versionOf(name)) : name;
    const of = halves.get(id) ?? { name };
    if (direction === 'up') of.name = name;
    halves.set(id, of);
    const key = direction === 'up' ? 'up' : 'down';
    // the file for this database wins over the one for all
    if (of[key]?.own === true) continue;
    of[key] = { text, sending: isMessage ? 'message' : sending, own: own === '.postgres' };
  }
  return [...halves.values()].flatMap(({ name, up, down }) =>
    up === undefined ? [] : [{ name, up, down: down ?? null }],
  );
}

const marks = {
  goose: {
    up: /^--\s*\+goose\s+Up\b.*$/im,
    down: /^--\s*\+goose\s+Down\b.*$/im,
    alone: /^--\s*\+goose\s+NO\s+TRANSACTION/im,
  },
  dbmate: {
    up: /^--\s*migrate:up\b.*$/im,
    down: /^--\s*migrate:down\b.*$/im,
    alone: /^--\s*migrate:\w+\s+transaction:false/im,
  },
};

function inOneFile(layout: 'goose' | 'dbmate', path: string, text: string): readonly Pair[] {
  const { up, down, alone } = marks[layout];
  const from = up.exec(text);
  if (from === null || !path.endsWith('.sql')) return [];
  const to = down.exec(text);
  const sending = alone.test(text) ? 'statements' : 'transaction';
  const back = to === null ? '' : text.slice(to.index);
  return [
    {
      name: path.replace(/\.sql$/, ''),
      up: { text: text.slice(from.index, to?.index), sending },
      down: back === '' ? null : { text: back, sending },
    },
  ];
}
