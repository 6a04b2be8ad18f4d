/** One migration as it lies in a folder: SQL forward, SQL back where there is any, and how its tool runs it. */
export interface Pair {
  readonly name: string;
  readonly up: string;
  readonly down: string | null;
  /** `each`: its tool runs the statements one by one, outside of a transaction. */
  readonly transaction: 'single' | 'each';
}

/** Files by their path below the folder. */
type Files = ReadonlyMap<string, string>;

const dialects = ['postgres', 'postgresql', 'cockroach', 'mysql', 'mariadb', 'sqlite', 'sqlite3', 'mssql'];
const ours = ['postgres', 'postgresql'];

/** The lines that part a file which holds both directions, by tool: goose and sql-migrate, dbmate, node-pg-migrate, MyBatis. */
const markers: readonly { readonly up: RegExp; readonly down: RegExp }[] = [
  { up: /^--\s*\+(?:goose|migrate)\s+Up\b.*$/im, down: /^--\s*\+(?:goose|migrate)\s+Down\b.*$/im },
  { up: /^--\s*migrate:up\b.*$/im, down: /^--\s*migrate:down\b.*$/im },
  { up: /^--\s*Up Migration\b.*$/im, down: /^--\s*Down Migration\b.*$/im },
  { up: /^/, down: /^--\s*\/\/\s*@UNDO\b.*$/im },
];

/**
 * Finds the migrations among the files of a folder, in the order in which their tool runs them. Known are `x.up.sql` beside `x.down.sql`
 * (golang-migrate, sqlx, pop with the dialect in the name), `x/up.sql` beside `x/down.sql` (diesel), `V1__x.sql` beside `U1__x.sql`, and
 * single files with markers. What is for another database than PostgreSQL is left out.
 */
export function pairsOf(files: Files): readonly Pair[] {
  const found = new Map<string, { dialect: string | null; up?: string; down?: string }[]>();
  const single: Pair[] = [];
  for (const [path, text] of files) {
    const half = halfOf(path);
    if (half === null) {
      const pair = path.endsWith('.sql') ? parted(path, text) : null;
      if (pair !== null) single.push(pair);
    } else if (half.dialect === null || ours.includes(half.dialect)) {
      const halves = found.get(half.name) ?? [];
      halves.push({ dialect: half.dialect, [half.direction]: text });
      found.set(half.name, halves);
    }
  }
  const pairs = [...found].flatMap(([name, halves]): readonly Pair[] => {
    // the file for our dialect wins over the one for all
    const pick = (direction: 'up' | 'down'): string | undefined =>
      halves
        .toSorted((a, b) => Number(b.dialect !== null) - Number(a.dialect !== null))
        .find((one) => direction in one)?.[direction];
    const up = pick('up');
    const isAlone =
      name.endsWith('.autocommit') || /run_in_transaction\s*=\s*false/.test(files.get(`${name}/metadata.toml`) ?? '');
    return up === undefined ? [] : [{ name, up, down: pick('down') ?? null, transaction: transactionOf(up, isAlone) }];
  });
  return [...pairs, ...single].toSorted((a, b) => {
    const [first, second] = [versionOf(a.name), versionOf(b.name)];
    return first === second ? a.name.localeCompare(b.name, 'en', { numeric: true }) : first < second ? -1 : 1;
  });
}

/** The number that a name begins with, with or without hyphens: 2018-04-13-170549 comes after 20170101000000. */
function versionOf(name: string): bigint {
  const digits =
    /^[^0-9/]*(?<digits>[0-9][0-9-]*)/.exec(name.slice(name.lastIndexOf('/') + 1))?.groups?.['digits'] ?? '0';
  return BigInt(digits.replaceAll('-', ''));
}

function halfOf(path: string): { name: string; direction: 'up' | 'down'; dialect: string | null } | null {
  const file = /^(?<name>.*?)(?:\.(?<dialect>[a-z0-9]+))?(?<alone>\.autocommit)?\.(?<direction>up|down)\.sql$/i.exec(
    path,
  );
  if (file?.groups !== undefined) {
    const { name = '', alone = '', direction, dialect } = file.groups;
    const known = dialect !== undefined && dialects.includes(dialect);
    const isAlone = alone !== '' || dialect === 'autocommit';
    const rest = dialect === undefined || known || dialect === 'autocommit' ? '' : `.${dialect}`;
    return {
      name: `${name}${rest}${isAlone ? '.autocommit' : ''}`,
      direction: direction === 'up' ? 'up' : 'down',
      dialect: known ? dialect : null,
    };
  }
  const folder = /^(?:(.*)\/)?(up|down)\.sql$/.exec(path);
  if (folder !== null) return { name: folder[1] ?? '', direction: folder[2] === 'up' ? 'up' : 'down', dialect: null };
  const flyway = /^((?:.*\/)?)([VU])([0-9][^/]*__[^/]*)\.sql$/.exec(path);
  if (flyway === null) return null;
  return { name: `${flyway[1]}${flyway[3]}`, direction: flyway[2] === 'V' ? 'up' : 'down', dialect: null };
}

function parted(path: string, text: string): Pair | null {
  for (const { up, down } of markers) {
    const from = up.exec(text);
    const to = down.exec(text);
    if (from === null || (to === null && up.source === '^')) continue;
    const isAlone = /^--\s*(?:\+goose NO TRANSACTION|\+migrate Up notransaction|migrate:up\s+transaction:false)/im.test(
      text,
    );
    const forward = text.slice(from.index, to?.index);
    const back = to === null ? null : text.slice(to.index);
    return {
      name: path.replace(/\.sql$/, ''),
      up: forward,
      down: back === null || isEmpty(back) ? null : back,
      transaction: transactionOf(forward, isAlone),
    };
  }
  return null;
}

/** Says whether a text holds nothing but white space and comments that run to the end of a line. */
export function isEmpty(text: string): boolean {
  return text.replaceAll(/--.*$/gm, '').trim() === '';
}

function transactionOf(text: string, isAlone: boolean): Pair['transaction'] {
  return isAlone || /\bconcurrently\b|^\s*vacuum\b|\balter\s+system\b/im.test(text) ? 'each' : 'single';
}
