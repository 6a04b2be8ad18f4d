import { structuredPatch } from 'diff';
import { canonicalJson, type Json } from '../core/index.ts';
import { type Release, type Step } from './release.ts';
import { sealDocument } from './seal.ts';

/** A part of a release that differs from another release's: its lines, with the lines around them. */
export interface ChangedPart {
  /** `tier 01-add-note, up.sql`, `metrics`, `settings`, … */
  readonly name: string;
  readonly lines: readonly { readonly kind: 'same' | 'gone' | 'new' | 'place'; readonly text: string }[];
}

/** Lines around a change, and how many edits are looked for before the two texts are shown whole. */
const context = 2;
const maxEditLength = 2000;

/**
 * Where two releases differ, in what a seal covers: the statements as they run, and every setting on a line of its own. Comments and the layout of
 * files between statements are not sealed, and not compared.
 */
export function diffReleases(before: Release, after: Release): readonly ChangedPart[] {
  const [was, is] = [partsOf(before), partsOf(after)];
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((name) => {
    const [old = '', now = ''] = [was.get(name), is.get(name)];
    return old === now ? [] : [{ name, lines: diffTexts(old, now) }];
  });
}

function diffTexts(old: string, now: string): ChangedPart['lines'] {
  const patch = structuredPatch('', '', old, now, '', '', { context, maxEditLength });
  if (patch === undefined) return [...marked(old, 'gone'), ...marked(now, 'new')];
  return patch.hunks.flatMap(({ newStart, lines }) => [
    { kind: 'place' as const, text: `line ${newStart}` },
    ...lines
      .filter((line) => !line.startsWith('\\'))
      .map((line) => ({ kind: kinds[line.slice(0, 1)] ?? ('same' as const), text: line.slice(1) })),
  ]);
}

const kinds: Readonly<Record<string, 'gone' | 'new'>> = { '-': 'gone', '+': 'new' };

function marked(text: string, kind: 'gone' | 'new'): ChangedPart['lines'] {
  return text === '' ? [] : text.split('\n').map((line) => ({ kind, text: line }));
}

/** What a seal covers, in parts that a person reads: SQL as it is, all else as `path = value`. */
function partsOf(release: Release): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  const put = (name: string, steps: readonly Step[]): void => {
    if (steps.length > 0) parts.set(name, `${steps.map(({ sql }) => `${sql};`).join('\n\n')}\n`);
  };
  for (const { id, up, down, check } of release.tiers) {
    put(`tier ${id}, up.sql`, up);
    put(`tier ${id}, down.sql`, down);
    put(`tier ${id}, check.sql`, check);
  }
  for (const { name, query } of release.metrics) put(`metric ${name}`, [query]);
  for (const { id, up } of release.options) put(`option ${id}`, up);
  const { tiers, metrics, options, ...rest } = sealDocument(release);
  const settings = {
    ...rest,
    tiers: byName(tiers, 'id'),
    metrics: byName(metrics, 'name'),
    options: byName(options, 'id'),
  };
  parts.set('settings', `${leaves(settings).join('\n')}\n`);
  return parts;
}

/** A list by the names of its items, without their statements: one more in front moves no other. */
function byName(list: Json | undefined, key: string): Json {
  const items = Array.isArray(list) ? (list as readonly Readonly<Record<string, Json>>[]) : [];
  return Object.fromEntries(
    items.map(({ up: _up, down: _down, check: _check, query: _query, [key]: name, ...item }) => [String(name), item]),
  );
}

function leaves(value: Json, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} = ${canonicalJson(value)}`];
  return Object.entries(value as { readonly [key: string]: Json })
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([key, item]) => leaves(item, path === '' ? key : `${path}.${key}`));
}
