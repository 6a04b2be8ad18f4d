import { elapsed, formatDuration, type Instant } from '../core/index.ts';
import { type Golden, type GoldenMasks, type GoldenSample, isSampled } from './clone.ts';

/** What is told of a golden copy. */
type Told = Pick<Golden, 'provider' | 'proofLevel' | 'from' | 'masks' | 'sample'>;

const hows: Readonly<Record<Golden['provider'], string>> = {
  physical: 'a copy of the data directory of production',
  template: 'a copy of a database that oneroof.yaml names',
  dump: 'a copy by SQL',
  basebackup: 'a copy of the files of production by pg_basebackup',
  exec: 'a copy that a program took',
};

const unconnected = 'nothing connects it with production';
const sameNumbers =
  'its server and database have the numbers of production; its rows were not compared with production';

/**
 * How well it is known that a golden copy equals production, as it was measured. Older programs called every copy within a server `lineage`, though
 * nothing was asked.
 */
export function measuredLevel({
  provider,
  proofLevel,
  from,
}: Pick<Told, 'provider' | 'proofLevel' | 'from'>): Golden['proofLevel'] {
  return provider === 'template' && from === undefined ? 'none' : proofLevel;
}

/** Where a golden copy came from, how far it is proven to equal production, and what it does not contain; never more than was measured. */
export function explainOrigin(golden: Told): readonly string[] {
  return [...explainSample(golden), ...explainMasks(golden.masks), ...explainSource(golden)];
}

function explainSample(golden: Pick<Told, 'proofLevel' | 'sample'>): readonly string[] {
  if (!isSampled(golden)) return [];
  const { share, tables } = golden.sample ?? { share: 0, tables: [] };
  return [
    `sampled: ${shareText({ share })} of the rows of ${tables.length === 1 ? '1 table' : `${tables.length} tables`}, and every row that these refer to; the other tables have every row`,
    ...tables.map((one) => `sampled: ${one.table}: ${rowsText(one)}`),
    'sampled: times, lock durations and sizes are lower bounds: with fewer rows, statements are quicker and plans may be others',
  ];
}

/** Millionths as people write them. */
export function shareText({ share }: Pick<GoldenSample, 'share'>): string {
  return `${share / 10_000}%`;
}

function rowsText({ rows, about }: GoldenSample['tables'][number]): string {
  return `${rows ?? 'an unknown number of'} rows${about === null ? '; production has not counted its own' : ` of about ${about}`}`;
}

function explainMasks(masks: GoldenMasks | undefined): readonly string[] {
  if (masks === undefined) return [];
  const { columns, views } = masks;
  const same = columns.filter(({ unchanged }) => unchanged > 0);
  return [
    `masked: ${columns.map(({ column }) => column).join(', ')}: not as in production, and their tables are written and analysed again`,
    ...same.map(
      ({ column, unchanged, rows }) => `masked: ${column}: ${unchanged} of ${rows} values are as in production`,
    ),
    ...(views.length === 0 ? [] : [`materialized views were computed again over masked columns: ${views.join(', ')}`]),
  ];
}

function explainSource(golden: Told): readonly string[] {
  const { provider, from } = golden;
  const how = hows[provider];
  const known = knownOf(golden);
  if (from === undefined) return [`${how}: ${known}`];
  const neutral = (from.neutral ?? []).map((one) => `acts by itself: ${one}`);
  if (provider === 'exec' || provider === 'template')
    return [
      provider === 'exec' ? `${how} (${from.server}): ${known}` : `${how} (${from.server}): ${known}`,
      ...from.leftOut.map((one) => `not as in production: ${one}`),
      ...neutral,
      ...(from.said ?? []).map((one) => `the program says, and it was not checked: ${one}`),
    ];
  const compared = from.compared === 0 && measuredLevel(golden) !== 'exact' ? '' : ` (${from.compared} relations)`;
  return [
    `${how} of ${from.server}${from.standby ? ', a standby' : ''}: ${known}${compared}`,
    ...from.notCompared
      .filter(({ relation }) => relation !== 'all')
      .map(({ relation, reason }) => `not compared: ${relation}: ${reason}`),
    ...from.leftOut.map((one) => `not in the copy: ${one}`),
    ...neutral,
  ];
}

function knownOf(golden: Told): string {
  switch (measuredLevel(golden)) {
    case 'exact':
      return `compared with one snapshot of production, and equal${golden.masks === undefined ? '' : ' before it was masked'}`;
    case 'sampled':
      return `the rows that were chosen are equal to those of one snapshot of production${golden.masks === undefined ? '' : ' before they were masked'}; the others are not in the copy`;
    case 'bracketed':
      return 'equal to production before and after it was taken';
    case 'none':
      return unconnected;
    case 'lineage':
      if (golden.provider === 'template' || golden.provider === 'exec') return sameNumbers;
      return (golden.from?.compared ?? 0) === 0
        ? 'its rows were not compared with production'
        : `rows equal to one snapshot of production${golden.masks === undefined ? '' : ' before they were masked'}, objects not`;
  }
}

/** When a golden copy was taken, and how old it was at some moment: `golden copy of 2026-11-29 21:00 UTC, 9 h old at the rehearsal`. */
export function explainAge(
  { takenAt }: Pick<Golden, 'takenAt'>,
  of: { readonly moment: Instant; readonly what: string },
): string {
  const age = elapsed({ from: takenAt, to: of.moment });
  const old = age < 0 ? 'taken after' : `${formatDuration(age).replace(/ 0 (?:min|h)$/, '')} old at`;
  return `golden copy of ${takenAt.slice(0, 10)} ${takenAt.slice(11, 16)} UTC, ${old} ${of.what}`;
}
