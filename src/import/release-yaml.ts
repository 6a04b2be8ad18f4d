import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { OneRoofError, stated } from '../core/index.ts';
import { type Imported, type ImportedMetric, type ImportedTool, type TransactionMode } from '../release/index.ts';

/** What the import has to say in release.yaml. */
export interface ImportedParts {
  readonly imported: Imported;
  readonly touches: readonly string[];
  readonly varies: readonly string[];
  readonly metrics: readonly ImportedMetric[];
  /** All tiers that were imported, in order: `why` there is no down, or null. */
  readonly tiers: readonly {
    readonly id: string;
    readonly title: string;
    readonly why: string | null;
    readonly transaction: TransactionMode;
  }[];
}

/** The release.yaml of a new release, before anything was imported. */
export function newManifest(of: {
  readonly name: string;
  readonly tool: ImportedTool;
  readonly database: string;
  readonly searchPath: readonly string[];
  readonly tiers: ImportedParts['tiers'];
}): string {
  const isOutside = of.tiers.some(({ transaction }) => transaction === 'outside');
  return `# Written by oneroof import. Texts, gates, budgets, checks and further tiers are yours: a new import keeps them.
# What it writes again: import, its own tiers and migrations/. docs/reference/release-yaml.md describes every key.
format: 1
name: ${JSON.stringify(of.name)}
title: Pending migrations of ${of.tool}
summary: ""

# The database that the release is for.
database: ${JSON.stringify(of.database)}

# The tables that the release changes, as the statements name them. The rehearsal measures it, and names what is missing.
touches: []

# Values that each run writes anew. The rehearsal compares two runs, and names what is missing.
varies: []

# How long a statement may wait for a lock, and how long it may run${isOutside ? ': a tier outside of a transaction waits for older transactions too' : ''}.
settings:
  lockTimeout: 2s
  statementTimeout: ${isOutside ? '1h' : '5min'}
  searchPath: ${JSON.stringify(of.searchPath)}

# Held by the gate: the tool has not recorded these migrations before the rollout, and has recorded all of them after it.
metrics: {}
invariants: {}

tiers: []
`;
}

/**
 * Writes the parts of the import into a release.yaml; all else stays as people wrote it, comments too.
 *
 * Errors  IMPORT_CONFLICT where a person wrote another value at the place of one of ours.
 */
export function writeParts(text: string, parts: ImportedParts, was: ImportedParts | null): string {
  const document = parseDocument(text);
  for (const tier of parts.tiers) writeTier(document, tier, was?.tiers.find(({ id }) => id === tier.id)?.why ?? null);
  for (const key of ['touches', 'varies'] as const) addMissing(document, key, parts[key]);
  for (const metric of parts.metrics) {
    const before = was?.metrics.find(({ name }) => name === metric.name);
    if (!document.hasIn(['metrics', metric.name])) setIn(document, ['metrics', metric.name], metric.title);
    for (const when of ['greenfield', 'finalized', 'always'] as const) {
      const value = metric[when];
      if (value !== undefined)
        writeBound(document, ['invariants', when, metric.name], { value, before: before?.[when] });
    }
  }
  document.set('import', document.createNode(parts.imported));
  return document.toString({ lineWidth: 120 });
}

/** A tier that is there keeps what people wrote; only whether it has a down is the migration's. */
function writeTier(
  document: Document,
  { id, title, why, transaction }: ImportedParts['tiers'][number],
  before: string | null,
): void {
  const tiers = (document.toJS() as { readonly tiers?: readonly { readonly id?: string }[] }).tiers ?? [];
  const at = tiers.findIndex((one) => one.id === id);
  if (at < 0)
    addIn(document, ['tiers'], {
      id,
      title,
      ...(transaction === 'single' ? {} : { transaction }),
      ...(why === null ? {} : { oneWay: why }),
    });
  else if (why === null && before !== null) document.deleteIn(['tiers', at, 'oneWay']);
  else if (why !== null && before === null) document.setIn(['tiers', at, 'oneWay'], why);
}

/** Adds what a list has not got; what people added stays. */
function addMissing(document: Document, key: 'touches' | 'varies', wanted: readonly string[]): void {
  const there = ((document.toJS() as Readonly<Record<string, unknown>>)[key] ?? []) as readonly string[];
  if (!document.has(key)) document.set(key, document.createNode([]));
  for (const one of wanted) if (!there.includes(one)) addIn(document, [key], one);
}

/** Sets a bound that is absent, or as the last import wrote it. */
function writeBound(
  document: Document,
  path: readonly string[],
  { value, before }: { readonly value: number; readonly before: number | undefined },
): void {
  const there: unknown = document.getIn(path);
  if (there === value) return;
  if (there !== undefined && there !== before)
    throw new OneRoofError('IMPORT_CONFLICT', {
      ...stated`${{ key: path.join('.') }} is ${{ value: JSON.stringify(there) }}, which the import did not write; it has to be ${{ expected: value }}`,
      fix: `write ${value}, then import again`,
      place: { file: 'release.yaml' },
    });
  setIn(document, path, value);
}

/** Makes the maps above a value where there are none. */
function setIn(document: Document, path: readonly string[], value: unknown): void {
  for (let length = 1; length < path.length; length += 1) {
    const above = path.slice(0, length);
    if ((document.getIn(above) ?? null) === null) document.setIn(above, document.createNode({}));
    openEmpty(document, above);
  }
  document.setIn(path, value);
}

function addIn(document: Document, path: readonly string[], value: unknown): void {
  openEmpty(document, path);
  document.addIn(path, document.createNode(value));
}

/** `[]` and `{}` get a line for each member; a list that people wrote in one line stays so. */
function openEmpty(document: Document, path: readonly string[]): void {
  const node = document.getIn(path, true);
  if ((isSeq(node) || isMap(node)) && node.items.length === 0) node.flow = false;
}
