import { canonicalJson, digest, type Digest, type Json } from '../core/index.ts';
import { pinnedSettings } from '../database/index.ts';
import { type Release, type Seal, type Step, type Tier } from './release.ts';

/** Everything that a seal covers, as JSON. */
export type SealDocument = { readonly [key: string]: Json };

/** One thing that has changed since the seal: where in the document, before and after. */
export interface SealChange {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
}

/**
 * Everything of a release that matters, with each statement by its own digest. Nothing of the machine: no path, no time, no order of a file system.
 *
 * Source  docs/FORMAT.md "Seal".
 */
export function sealDocument(release: Release): SealDocument {
  const { folder: _folder, tiers, metrics, options, ...rest } = release;
  const document = {
    ...rest,
    format: 1,
    session: pinnedSettings,
    tiers: tiers.map(({ up, down, check, ...tier }) => ({
      ...tier,
      up: up.map(digestOf),
      down: down.map(digestOf),
      check: check.map(digestOf),
      ...probesOf({ ...tier, up, down }),
    })),
    metrics: metrics.map(({ query, ...metric }) => ({ ...metric, query: digestOf(query) })),
    options: options.map(({ up, ...option }) => ({ ...option, up: up.map(digestOf) })),
  };
  return JSON.parse(canonicalJson(document)) as SealDocument;
}

/** Only an outside tier has them: the documents of all others are those of older seals. */
function probesOf({ transaction, up, down }: Pick<Tier, 'transaction' | 'up' | 'down'>): object {
  if (transaction !== 'outside') return {};
  return { probes: { up: up.map(({ probe }) => probe ?? null), down: down.map(({ probe }) => probe ?? null) } };
}

function digestOf(step: Step): Digest {
  return step.digest;
}

/** The one digest over a whole release. */
export function sealOf(document: SealDocument): Seal {
  return digest('seal', [canonicalJson(document)]) as Seal;
}

/** Where two documents differ, leaf by leaf, sorted by path. */
export function sealChanges(before: Json, after: Json, path = ''): readonly SealChange[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (isTree(before) && isTree(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
    return keys.flatMap((key) =>
      sealChanges((before as Tree)[key] ?? null, (after as Tree)[key] ?? null, path === '' ? key : `${path}.${key}`),
    );
  }
  return [{ path, before, after }];
}

type Tree = { readonly [key: string]: Json | undefined };

function isTree(value: Json): value is Json & object {
  return typeof value === 'object' && value !== null;
}
