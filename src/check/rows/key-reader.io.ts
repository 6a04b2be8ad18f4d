import { fixed, type Session, sql } from '../../database/index.ts';
import { type Cell, type FillKey } from './fill-catalog.ts';

/** Keys of a parent that rows are spread over. */
export const mostKeys = 200;

/** Reads the keys that rows can refer to, once for each parent until it gets more rows. */
export class KeyReader {
  private readonly session: Session;
  private readonly known = new Map<string, { readonly parent: string; readonly keys: readonly (readonly Cell[])[] }>();

  constructor(session: Session) {
    this.session = session;
  }

  /** None where the parent has none, or cannot be read. */
  async of({ parent, parentName, parentColumns }: FillKey): Promise<readonly (readonly Cell[])[]> {
    const name = `${parent} ${parentColumns.join(' ')}`;
    const known = this.known.get(name);
    if (known !== undefined) return known.keys;
    const list = parentColumns.map((column, at) => `${column}::text collate "C" as k${at}`).join(', ');
    const whole = parentColumns.map((column) => `${column} is not null`).join(' and ');
    const order = parentColumns.map((_, at) => at + 1).join(', ');
    const text = `select distinct ${list} from ${parentName} where ${whole} order by ${order} limit ${mostKeys}`;
    const rows = await this.session.query<Record<string, string>>(sql`${fixed(text)}`).catch(() => []);
    const keys = rows.map((row) => parentColumns.map((_, at) => row[`k${at}`] ?? null));
    this.known.set(name, { parent, keys });
    return keys;
  }

  /** After these relations got rows. */
  forget(parents: readonly string[]): void {
    for (const [name, { parent }] of this.known) if (parents.includes(parent)) this.known.delete(name);
  }
}
