import { fixed, type Session, sql } from '../../database/index.ts';
import { type Cell, type FillCatalog, type FillKey, type FillTable } from './fill-catalog.ts';
import { type ParentKeys } from './make-row.ts';
import { drawFrom } from './regex-sample.ts';
import {
  acceptedSql,
  type AcceptedValues,
  choicesFor,
  combinations,
  freshFirst,
  groupRules,
  type RuleQuestion,
} from './rule-groups.ts';
import { typeValues, type TypeValues } from './type-values.ts';

/** Rows of values that one question holds; a second one holds more, where the first found few. */
const questions = [400, 2500];
const enough = 5;

/** Asks the server which values its own rules accept, so that no rule has to be understood. */
export class AcceptedReader {
  private readonly session: Session;
  private readonly catalog: FillCatalog;
  private readonly seed: string;
  private readonly domains = new Map<string, readonly string[]>();
  private readonly values = new Map<FillTable, ReadonlyMap<number, TypeValues>>();

  constructor(session: Session, catalog: FillCatalog, seed: string) {
    this.session = session;
    this.catalog = catalog;
    this.seed = seed;
  }

  /** Finds values of each domain that has checks; a domain over another one comes after it. */
  async readDomains(): Promise<void> {
    const { types } = this.catalog;
    const open = new Set([...types.values()].filter(({ kind, checks }) => kind === 'domain' && checks.length > 0));
    const bases = (oid: string | null): readonly string[] =>
      oid === null ? [] : [oid, ...bases(types.get(oid)?.of ?? null)];
    for (let next = [...open][0]; next !== undefined; next = [...open][0]) {
      const waits = bases(next.of)
        .map((oid) => types.get(oid))
        .filter((one) => one !== undefined && open.has(one));
      const domain = waits.at(-1) ?? next;
      open.delete(domain);
      const use = { type: domain.of ?? '', modifier: domain.modifier, word: 'value' };
      const choice = {
        type: types.get(bases(domain.of).at(-1) ?? ''),
        typeName: domain.base,
        values: typeValues({ types, domains: this.domains }, use),
        isRequired: true,
        keys: null,
      };
      const draw = drawFrom(`${this.seed} ${domain.name}`);
      const rows = choicesFor(choice, domain.checks, { columns: 1, draw }).map((cell): readonly Cell[] => [cell]);
      const found = await this.ask(['value'], { types: [domain.base], rules: domain.checks, computed: [], rows });
      this.domains.set(
        domain.oid,
        found.flatMap(([cell]) => (typeof cell === 'string' ? [cell] : [])),
      );
    }
  }

  /** The values of each column by its type. */
  valuesOf(table: FillTable): ReadonlyMap<number, TypeValues> {
    const known = this.values.get(table);
    if (known !== undefined) return known;
    const found = new Map(
      table.columns.map(({ number, name, type, modifier }) => {
        const word = name.replaceAll(/[^a-z]/g, '').slice(0, 20) || 'text';
        return [number, typeValues({ types: this.catalog.types, domains: this.domains }, { type, modifier, word })];
      }),
    );
    this.values.set(table, found);
    return found;
  }

  /** Values for the columns of CHECK constraints and of the bounds of a partition. */
  async read(table: FillTable, parents: ReadonlyMap<FillKey, ParentKeys>): Promise<readonly AcceptedValues[]> {
    const all: AcceptedValues[] = [];
    for (const { columns, rules, computed } of groupRules(table)) {
      const of = columns.flatMap((number) => table.columns.find((column) => column.number === number) ?? []);
      const draw = drawFrom(`${this.seed} ${table.name} ${columns.join(' ')}`);
      const choices = of.map((column) => {
        const key = table.keys.find((one) => one.columns.length === 1 && one.columns[0] === column.number);
        const parent = key === undefined ? undefined : parents.get(key);
        return choicesFor(
          {
            type: this.catalog.types.get(column.type),
            typeName: column.typeName,
            values: this.valuesOf(table).get(column.number) ?? { plain: String, edges: [] },
            isRequired: column.isRequired,
            keys: parent === undefined ? null : parent.keys.map(([cell]) => String(cell)),
          },
          [...rules, ...computed.map((one) => one.sql)],
          { columns: columns.length, draw },
        );
      });
      if (choices.some(({ length }) => length === 0)) continue;
      let found: readonly (readonly Cell[])[] = [];
      for (const most of questions) {
        const rows = combinations(choices, most, draw);
        found = await this.ask(
          of.map(({ name }) => name),
          { types: of.map(({ typeName }) => typeName), rules, computed, rows },
        );
        if (found.length >= enough || rows.length < most) break;
      }
      const shuffled = found.map((row) => ({ row, at: draw(2 ** 31) })).toSorted((a, b) => a.at - b.at);
      if (found.length > 0) all.push({ columns, rows: freshFirst(shuffled.map(({ row }) => row)) });
    }
    return all;
  }

  /** A number of a column, by the seed. */
  shift(table: FillTable, column: number): number {
    return drawFrom(`${this.seed} ${table.name} ${column}`)(60);
  }

  /** None where the server cannot answer: a rule that fails for some value, a value that the type does not read. */
  private async ask(names: readonly string[], question: RuleQuestion): Promise<readonly (readonly Cell[])[]> {
    if (question.rows.length === 0) return [];
    try {
      const found = await this.session.query<{ n: number | string }>(sql`${fixed(acceptedSql(names, question))}`);
      return found.map(({ n }) => question.rows[Number(n)] ?? null).filter((row) => row !== null);
    } catch {
      return [];
    }
  }
}
