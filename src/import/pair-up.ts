/** A file that holds one direction of a migration. */
export interface HalfFile {
  /** What the tool orders and records the migration by. */
  readonly id: string;
  readonly name: string;
  readonly direction: 'up' | 'down';
  readonly path: string;
}

/** The files of one migration. */
export interface FilePair {
  readonly id: string;
  readonly name: string;
  readonly up: string | null;
  readonly down: string | null;
}

/**
 * Puts the files of each id together, whatever their names are, as tools with numbers do. Where one direction has several files, those of one
 * name belong together: these are several pairs with one id.
 */
export function pairUp(halves: readonly HalfFile[]): readonly FilePair[] {
  const byId = groupedBy(halves, ({ id }) => id);
  return [...byId].flatMap(([id, files]) => {
    const isOne = ['up', 'down'].every((direction) => files.filter((file) => file.direction === direction).length <= 1);
    const groups = isOne ? [files] : [...groupedBy(files, ({ name }) => name).values()];
    return groups.map((group): FilePair => {
      const of = (wanted: HalfFile['direction']): HalfFile | undefined =>
        group.find(({ direction }) => direction === wanted);
      const [up, down] = [of('up'), of('down')];
      return { id, name: (up ?? down)?.name ?? id, up: up?.path ?? null, down: down?.path ?? null };
    });
  });
}

/** Groups values by a key, in the order of their first appearance. */
export function groupedBy<Value, Key>(
  values: readonly Value[],
  keyOf: (value: Value) => Key,
): ReadonlyMap<Key, readonly Value[]> {
  const groups = new Map<Key, Value[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

/** Of the files of one id and direction those for PostgreSQL, where there are any. */
export function ownFirst<File extends HalfFile & { readonly isOwn: boolean }>(files: readonly File[]): readonly File[] {
  const key = ({ id, direction }: HalfFile): string => `${direction} ${id}`;
  const own = new Set(files.filter(({ isOwn }) => isOwn).map(key));
  return files.filter((one) => one.isOwn || !own.has(key(one)));
}
