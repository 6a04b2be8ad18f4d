import type { SchemaFingerprint, SchemaObject } from '../../src/fingerprint/index.ts';

/** Fills a template with what is there now; a template that asks for a kind of which there is nothing makes no statement. */
export class Chooser {
  readonly #names: ReadonlyMap<string, readonly string[]>;
  readonly #picks: readonly number[];
  readonly #serial: number;
  #at = 0;

  constructor(from: {
    readonly schema: SchemaFingerprint;
    readonly picks: readonly number[];
    readonly serial: number;
    /** Never chosen: members of extensions, which a dump leaves to the extension. */
    readonly except: ReadonlySet<string>;
  }) {
    const names = new Map<string, string[]>();
    for (const object of from.schema.objects) {
      const { kind, name } = object;
      const list = names.get(kind) ?? [];
      names.set(kind, list);
      if (!from.except.has(`${kind} ${name}`) && !name.startsWith('public') && !isUndumped(object)) list.push(name);
    }
    this.#names = names;
    this.#picks = from.picks;
    this.#serial = from.serial;
  }

  /** One of these. */
  of<T>(...choices: readonly T[]): T {
    const pick = this.#picks[this.#at++ % this.#picks.length] ?? 0;
    const choice = choices[pick % choices.length];
    if (choice === undefined) throw new Nothing();
    return choice;
  }

  /** An object of one of these kinds, by its name in SQL. */
  one(...kinds: readonly string[]): string {
    return this.of(...kinds.flatMap((kind) => this.#names.get(kind) ?? []));
  }

  /** What hangs on a relation: `[relation, name]`. */
  part(kind: string, relations: readonly string[] = ['table']): readonly [string, string] {
    const tables = new Set(relations.flatMap((of) => this.#names.get(of) ?? []));
    const parts = (this.#names.get(kind) ?? []).map((name) => {
      const cut = name.lastIndexOf('.');
      return [name.slice(0, cut), name.slice(cut + 1)] as const;
    });
    return this.of(...parts.filter(([relation]) => tables.has(relation)));
  }

  /** A column of that relation. */
  columnOf(relation: string): string {
    const names = (this.#names.get('column') ?? []).filter((name) => name.slice(0, name.lastIndexOf('.')) === relation);
    return this.of(...names.map((name) => name.slice(name.lastIndexOf('.') + 1)));
  }

  /** A name that nothing has. */
  fresh(): string {
    return `n${this.#serial}_${this.#at++}`;
  }

  number(): number {
    return this.of(1, 2, 3, 5, 7, 11, 50, 99);
  }

  role(): string {
    return this.of('pg_monitor', 'pg_read_all_data', 'pg_write_all_data', 'postgres');
  }
}

/** What initdb made, and what a range brings by itself: a dump writes out neither, nor what was changed about them. */
function isUndumped({ kind, name, logical }: SchemaObject): boolean {
  if (kind === 'language') return ['c', 'internal', 'plpgsql', 'sql'].includes(name);
  if (kind === 'extension') return name === 'plpgsql';
  if (kind === 'function') return /^(multi)?range_constructor\d$/.test(String(logical['source']));
  if (kind === 'cast') return String(logical['function']).includes('multirange');
  return kind === 'type' && logical['form'] === 'm';
}

/** There is nothing to fill a template with. */
class Nothing extends Error {}

/** One or more statements that make one change. */
export type Template = (choose: Chooser) => string | readonly string[];

/** The statements of a template; null where the database has nothing for it to change. */
export function statementsOf(template: Template, choose: Chooser): readonly string[] | null {
  try {
    const text = template(choose);
    return typeof text === 'string' ? [text] : text;
  } catch (error) {
    if (error instanceof Nothing) return null;
    throw error;
  }
}
