import { createHash } from 'node:crypto';
import { type FillType } from './fill-catalog.ts';

/** The values of a type as the texts that it reads. */
export interface TypeValues {
  /** A plain value for a number; other numbers have other values, as far as the type has so many. */
  readonly plain: (n: number) => string;
  /** A value for a number that has spaces around, both cases and what is no ASCII: for texts of which no two may be alike. */
  readonly odd?: (n: number) => string;
  /** Zero, empty, longest, non-ASCII: what a migration may not have thought of. */
  readonly edges: readonly string[];
}

/** Where the values of a column come from. */
export interface ValueSource {
  readonly types: ReadonlyMap<string, FillType>;
  /** The values of each domain that has checks, as the server accepted them. */
  readonly domains: ReadonlyMap<string, readonly string[]>;
}

/** A type in its place: with its length or precision, and a word for its texts. */
export interface TypeUse {
  readonly type: string;
  readonly modifier: number;
  readonly word: string;
}

/** The longest text without a limit of its own; an index takes 2,704 bytes. */
const longestText = 1000;
const day = 86_400_000;

/** The values of a type, of any kind. */
export function typeValues(source: ValueSource, use: TypeUse): TypeValues {
  const type = source.types.get(use.type);
  const inner = (oid: string | null, modifier = -1): TypeValues =>
    typeValues(source, { type: oid ?? '', modifier, word: use.word });
  if (type === undefined) return baseValues('', use);
  switch (type.kind) {
    case 'base':
      return baseValues(type.name, use);
    case 'domain': {
      const accepted = source.domains.get(use.type) ?? [];
      if (accepted.length === 0) return inner(type.of, type.modifier);
      return { plain: (n) => accepted[n % accepted.length] ?? '', edges: accepted.slice(0, 6) };
    }
    case 'enum':
      return { plain: (n) => type.labels[n % type.labels.length] ?? '', edges: [] };
    case 'array': {
      const element = inner(type.of, use.modifier);
      const separator = source.types.get(type.of ?? '')?.name === 'box' ? ';' : ',';
      const array = (...items: readonly string[]): string => `{${items.map(quoted).join(separator)}}`;
      return { plain: (n) => array(element.plain(n), element.plain(n + 1)), edges: ['{}', array(...element.edges)] };
    }
    case 'range': {
      const bound = inner(type.of);
      // neighbours do not overlap: an exclusion constraint takes them all
      return { plain: (n) => `[${quoted(bound.plain(2 * n))},${quoted(bound.plain(2 * n + 1))})`, edges: ['empty'] };
    }
    case 'multirange': {
      const range = inner(type.of);
      return { plain: (n) => `{${range.plain(n)}}`, edges: ['{}'] };
    }
    case 'composite': {
      const fields = type.fields.map((field) => inner(field.type, field.modifier));
      return {
        plain: (n) => `(${fields.map((field) => quoted(field.plain(n))).join(',')})`,
        edges: [`(${fields.map(() => '').join(',')})`],
      };
    }
    default:
      return type.kind satisfies never;
  }
}

/** A part of an array, range or row in quotes. */
export function quoted(part: string): string {
  return `"${part.replaceAll(/["\\]/g, '\\$&')}"`;
}

const hash = (n: number): string => createHash('md5').update(String(n)).digest('hex');
const date = (n: number): string => new Date(Date.UTC(2020, 0, 1) + n * day).toISOString().slice(0, 10);
const instantOf = (n: number): string =>
  new Date(Date.UTC(2024, 0, 1) + n * 3_661_000).toISOString().slice(0, 19).replace('T', ' ');
const pad = (n: number): string => String(n).padStart(2, '0');
const time = (n: number): string => `${pad(n % 24)}:${pad(Math.floor(n / 24) % 60)}:00`;
const octet = (n: number): string => pad(n % 100);
const flat = (form: (n: number) => string, ...edges: readonly string[]): TypeValues => ({ plain: form, edges });

/** Base types by name; those of well-known extensions are among them. A type that is not here gets a number, which many read. */
const baseForms: Readonly<Record<string, TypeValues>> = {
  bool: flat((n) => (n % 2 === 0 ? 'true' : 'false')),
  int2: flat(String, '0', '-1'),
  int4: flat(String, '0', '-1', '1000000'),
  int8: flat(String, '0', '-1', '3000000000'),
  float4: flat((n) => `${n}.25`, '0', '-1.5', '1e10'),
  float8: flat((n) => `${n}.25`, '0', '-1.5', '1e100'),
  money: flat((n) => `${n}.50`, '0', '-1.25'),
  bytea: flat((n) => `\\x${hash(n)}`, '\\x', '\\x00ff'),
  date: flat(date, '1970-01-01', '2024-02-29', '1999-12-31'),
  timestamp: flat(instantOf, '1970-01-01 00:00:00', '2024-02-29 12:00:00', '1999-12-31 23:59:59.999999'),
  timestamptz: flat((n) => `${instantOf(n)}+00`, '1970-01-01 00:00:00+00', '2024-03-31 01:30:00+00'),
  time: flat(time, '00:00:00', '23:59:59'),
  timetz: flat((n) => `${time(n)}+00`, '00:00:00+14', '23:59:59-12'),
  interval: flat((n) => `${n} hours`, '0', '1 mon -1 days', '-00:00:01.5'),
  uuid: flat(hash, '00000000-0000-0000-0000-000000000000'),
  json: flat((n) => `{"n": ${n}, "name": "name-${n}"}`, '{}', '{"é": "ü", "list": [1, null, {"a": ""}]}'),
  jsonb: flat((n) => `{"n": ${n}, "name": "name-${n}"}`, '{}', '{"é": "ü", "list": [1, null, {"a": ""}]}'),
  jsonpath: flat((n) => `$.k${n}`),
  xml: flat((n) => `<row n="${n}"/>`, 'é', ''),
  inet: flat((n) => `10.0.${Math.floor(n / 250)}.${n % 250}`, '::1', '192.0.2.0/24'),
  cidr: flat((n) => `10.0.${Math.floor(n / 250)}.${n % 250}/32`, '2001:db8::/32'),
  macaddr: flat((n) => `08:00:2b:${octet(Math.floor(n / 10_000))}:${octet(Math.floor(n / 100))}:${octet(n)}`),
  macaddr8: flat((n) => `08:00:2b:ff:fe:${octet(Math.floor(n / 10_000))}:${octet(Math.floor(n / 100))}:${octet(n)}`),
  point: flat((n) => `(${n},1)`, '(0,0)'),
  line: flat((n) => `{1,1,${n}}`),
  lseg: flat((n) => `[(0,0),(${n},1)]`, '[(0,0),(0,0)]'),
  box: flat((n) => `(${2 * n + 1},1),(${2 * n},0)`, '(0,0),(0,0)'),
  path: flat((n) => `[(0,0),(${n},1)]`, '((0,0))'),
  polygon: flat((n) => `((0,0),(${n},1),(1,0))`, '((0,0))'),
  circle: flat((n) => `<(${n},0),0.5>`, '<(0,0),0>'),
  tsvector: flat((n) => `'word${n}':1`, '', "'é':1A"),
  tsquery: flat((n) => `'word${n}'`, ''),
  oid: flat(String, '0'),
  xid: flat(String),
  xid8: flat(String, '0'),
  cid: flat(String),
  tid: flat((n) => `(0,${n})`),
  pg_lsn: flat((n) => `0/${n.toString(16).toUpperCase()}`, '0/0'),
  pg_snapshot: flat((n) => `${n}:${n}:`),
  txid_snapshot: flat((n) => `${n}:${n}:`),
  regclass: flat(() => 'pg_catalog.pg_class', '-'),
  regtype: flat(() => 'integer', '-'),
  regproc: flat(() => 'pg_catalog.now', '-'),
  regprocedure: flat(() => 'pg_catalog.now()', '-'),
  regoper: flat(() => '-'),
  regoperator: flat(() => '-'),
  regrole: flat(() => '-'),
  regnamespace: flat(() => 'pg_catalog', '-'),
  regcollation: flat(() => '-'),
  regconfig: flat(() => 'pg_catalog.simple', '-'),
  regdictionary: flat(() => 'pg_catalog.simple', '-'),
  int2vector: flat(String, ''),
  oidvector: flat(String, ''),
  hstore: flat((n) => `"k"=>"v${n}"`, '', '"é"=>NULL'),
  ltree: flat((n) => `a.b${n}`, ''),
  lquery: flat((n) => `a.b${n}`),
  cube: flat((n) => `(${n})`),
  geometry: flat((n) => `POINT(${n % 90} 1)`),
  geography: flat((n) => `POINT(${n % 90} 1)`),
};

function baseValues(name: string, use: TypeUse): TypeValues {
  const { modifier } = use;
  if (name === 'varchar' || name === 'bpchar' || name === 'text' || name === 'citext' || name === 'name')
    return textValues(use, name === 'name' ? 63 : modifier > 4 ? modifier - 4 : null);
  // "char" holds one byte
  if (name === 'char') return flat((n) => String.fromCharCode(97 + (n % 26)), '');
  if (name === 'numeric') return numericValues(modifier);
  if (name === 'bit') return bits(modifier < 1 ? 1 : modifier, 'all');
  if (name === 'varbit') return bits(modifier < 1 ? 64 : modifier, 'at most');
  if (name === 'vector' || name === 'halfvec') {
    const rest = ',0'.repeat(Math.max(0, modifier - 1));
    return flat((n) => `[${n}${rest}]`);
  }
  return baseForms[name] ?? flat(String);
}

function textValues({ word }: TypeUse, limit: number | null): TypeValues {
  const most = Math.min(limit ?? longestText, longestText);
  const plain = (n: number): string => {
    const whole = `${word}-${n}`;
    if (whole.length <= most) return whole;
    const short = n.toString(36);
    return short.length >= most ? short.slice(-most) : `${word.slice(0, most - short.length)}${short}`;
  };
  // spaces around, both cases (of ASCII too: lower() of the locale C knows no other), what is no ASCII, quotes: as much of it as there is room for
  const mixed = [` Ünïcødé 漢字 🙂 It's \\ "quoted" `, ` Éa'B `, 'É'].find((edge) => [...edge].length <= most);
  const odd = (n: number): string =>
    [` ÜñA ${plain(n)} `, ` ÉA${n.toString(36)} `].find((text) => [...text].length <= most) ?? plain(n);
  return { plain, odd, edges: ['', 'x'.repeat(most), ...(mixed === undefined ? [] : [mixed])] };
}

/** Values with the precision and scale of the modifier, the largest among the edges. */
function numericValues(modifier: number): TypeValues {
  if (modifier < 4) return flat((n) => `${n}.125`, '0', '-1.5', '12345678901234567890.123456789');
  const precision = ((modifier - 4) >> 16) & 0xffff;
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  if (scale < 0) return flat((n) => `${n}e${-scale}`, '0');
  const shifted = (units: string): string =>
    scale === 0
      ? units
      : `${units.padStart(scale + 1, '0').slice(0, -scale)}.${units.padStart(scale + 1, '0').slice(-scale)}`;
  const most = 10 ** Math.min(precision, 15);
  const whole = (n: number): string => (precision - scale >= 5 ? String(n) : shifted(String(n % most)));
  return flat(whole, '0', `-${shifted('1')}`, shifted('9'.repeat(precision)));
}

function bits(length: number, takes: 'all' | 'at most'): TypeValues {
  const all = (n: number): string => n.toString(2).padStart(length, '0').slice(-length);
  return takes === 'all' ? flat(all, '0'.repeat(length), '1'.repeat(length)) : flat(all, '');
}
