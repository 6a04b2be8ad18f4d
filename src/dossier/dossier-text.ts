import { canonicalJson, printable } from '../core/index.ts';
import { explainDrift } from '../fingerprint/index.ts';
import { explainRow } from '../release/index.ts';
import { ofWhich } from '../rehearsal/index.ts';
import { type Review } from '../reviews/index.ts';
import {
  type Dossier,
  leastOf,
  notForProduction,
  type ObjectChange,
  type StatementFacts,
  type DossierTier,
} from './dossier.ts';

/**
 * The exact text that is hashed into what people sign: every fact of the dossier, one a line, statements in full.
 *
 * Shape   plain text; the same dossier gives the same bytes. Invisible characters are shown as `\u{…}`, so no text of an author's begins a
 *         line of its own; SQL stands behind `| `.
 * Source  docs/FORMAT.md "Dossier".
 */
export function dossierText(dossier: Dossier): string {
  const { release, rehearsal } = dossier;
  const least = leastOf(dossier);
  const lines = [
    ...(dossier.production ? [] : [notForProduction, '']),
    `Dossier ${dossier.version}, written ${dossier.writtenAt}`,
    `Release ${release.name}: ${release.title}`,
    `Summary ${release.summary}`,
    `Seal ${release.seal}, sealed ${release.sealedAt}`,
    `Target ${dossier.target}, database ${release.database}`,
    '',
    'COPY',
    `  taken ${rehearsal.golden.takenAt} by ${rehearsal.golden.provider}, ${rehearsal.golden.bytes} bytes; equality with production: ${rehearsal.golden.proofLevel}`,
    ...rehearsal.golden.origin.map((one) => `  ${one}`),
    ...(rehearsal.golden.production === undefined ? [] : [`  ${rehearsal.golden.production.text}`]),
    ...section(
      'risks',
      dossier.risks,
      ({ weight, title, part, text }) => `${weight.toUpperCase()}: ${title} [${part}]: ${text}`,
    ),
    ...back(dossier),
    ...changes(dossier),
    ...time(dossier),
    ...section(
      'locks',
      dossier.locks,
      ({ tier, relation, mode, blocks, fromMs, heldMs, gateMs }) =>
        `${tier}: ${mode} on ${relation} from ${fromMs} ms for ${least}${heldMs} ms${gateMs === null ? ", the gate's own checks not measured" : ofWhich(gateMs, (ms) => `${ms} ms`)}; others wait with: ${blocks}`,
    ),
    ...production(dossier),
    ...outside(dossier),
    '',
    'STATEMENTS',
    ...dossier.tiers.flatMap((one) => tier(one, least)),
    ...section(
      'options',
      dossier.options,
      ({ id, title, decision, reason, trial }) => `${id}: ${title}: ${decision}: ${reason}; tried: ${trial}`,
    ),
    ...dossier.reviews.flatMap(review),
    ...(dossier.links ?? []).map(({ title, url }) => `  link by its authors: ${title}: ${url}`),
    ...section(
      'people',
      dossier.authors,
      ({ name, kind, instructedBy }) =>
        `${name} (${kind}${instructedBy === null ? '' : `, instructed by ${instructedBy}`})`,
    ),
    '',
    'EVIDENCE',
    `  rehearsal ${rehearsal.digest}, ended ${rehearsal.endedAt}, PostgreSQL ${rehearsal.serverVersion}, measured by ${rehearsal.measuredBy === 'not known' ? 'an unknown key' : rehearsal.measuredBy}`,
    ...(rehearsal.role === undefined
      ? []
      : [`  ${rehearsal.role.isRollouts ? '' : 'not '}rehearsed as the role of a rollout: ${rehearsal.role.text}`]),
    ...rehearsal.problems.map((problem) => `  problem ${problem}`),
    ...dossier.evidence.map(({ kind, digest, recordedAt }) => `  ${kind} ${digest}, recorded ${recordedAt}`),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function review({ by, key, from, finding, text, at, entry }: Review): readonly string[] {
  return [
    `  review by ${by}, key ${key}, ${from}, entry ${entry}, ${at}: ${finding} (advice, fills no seat)`,
    ...text.split('\n').map((line) => `    | ${line}`),
  ];
}

function section<T>(title: string, items: readonly T[], line: (item: T) => string): readonly string[] {
  return ['', title.toUpperCase(), ...(items.length === 0 ? ['  none'] : items.map((item) => `  ${line(item)}`))];
}

function back({ back: of, time: { backMs } }: Dossier): readonly string[] {
  const nothing =
    backMs === null
      ? 'the losses of a rollback were not measured'
      : 'according to the measurements, a rollback loses nothing that users write meanwhile';
  return [
    '',
    'BACK',
    `  verdict ${of.verdict}, the release requires ${of.requires}`,
    `  how: ${of.how}`,
    ...of.notProven.map(({ relation, reason }) => `  rows not compared: ${relation}: ${reason}`),
    `  differences after the rollback: ${of.differenceCount}`,
    ...of.differences.flatMap(difference),
    ...of.oneWay.map(({ tier: id, reason }) => `  one-way: tier ${id}: ${reason}`),
    ...(of.losses.length === 0 ? [`  ${nothing}`] : []),
    ...of.losses.map(({ relation, text }) => `  a rollback loses: ${relation}: ${text}`),
    ...of.leftovers.map((text) => `  left behind: ${text}`),
  ];
}

function difference(text: string): readonly string[] {
  const [first = '', ...lines] = text.split('\n');
  return [`  difference: ${first}`, ...lines.map((line) => `    | ${line}`)];
}

function changes({ changes: of }: Dossier): readonly string[] {
  return [
    '',
    'CHANGES',
    `  objects: ${of.objects === null ? 'not recorded' : of.objects.length} of ${of.objectCount}`,
    ...(of.objects ?? []).flatMap(object),
    ...(of.lost ?? []).map((text) => `  recreated without: ${text}`),
    ...(of.emptied ?? []).map((text) => `  emptied: ${text}`),
    ...(of.unmatched ?? []).map((text) => `  matched nothing: ${text}`),
    ...(of.skipped ?? []).map((text) => `  skipped: ${text}`),
    ...(of.behind ?? []).map((text) => `  behind: ${text}`),
    ...of.rows.map(({ relation, up, down }) => {
      const counts = (one: typeof up): string =>
        `${one.inserted} inserted, ${one.updated} updated, ${one.deleted} deleted`;
      return `  rows of ${relation}: ${counts(up)}; back: ${counts(down)}`;
    }),
  ];
}

function object({ kind, name, change, properties }: ObjectChange): readonly string[] {
  return [`  ${change}: ${kind} ${name}`, ...properties.map((one) => `    ${one.name}: ${one.before} → ${one.after}`)];
}

function time(dossier: Dossier): readonly string[] {
  const { time: of } = dossier;
  const { range } = of;
  const least = leastOf(dossier);
  return [
    '',
    'TIME',
    `  forward ${least}${of.forwardMs} ms; back ${of.backMs === null ? 'not measured' : `${least}${of.backMs} ms`}`,
    `  forward over ${range.rehearsals} rehearsals: ${least}${range.leastMs} ms to ${range.mostMs} ms`,
    `  WAL ${least}${of.walBytes} bytes`,
    ...of.rewrites.map(
      ({ relation, bytes }) => `  rewritten: ${relation}${bytes === null ? '' : `, ${least}${bytes} bytes`}`,
    ),
    ...of.caveats.map((text) => `  note: ${text}`),
  ];
}

/** It contains every value, so the signature covers all that a page can draw. */
function driftLines({ drift = [], unrelated }: Extract<Dossier['now'], { read: true }>): readonly string[] {
  return [
    ...drift.flatMap((one) => [
      `  differs: ${printable(explainDrift(one))}`,
      ...(['expected', 'found'] as const).map((side) => `    ${side}: ${printable(canonicalJson(one[side]))}`),
    ]),
    ...(unrelated == null
      ? [`  outside of what the release depends on: not compared`]
      : [
          `  outside of what the release depends on, changed objects: ${unrelated.count}`,
          ...unrelated.objects.map(({ kind, name, change }) => `    ${change}: ${printable(`${kind} ${name}`)}`),
        ]),
  ];
}

function production({ now }: Pick<Dossier, 'now'>): readonly string[] {
  if (!now.read) return ['', 'PRODUCTION', `  not read: ${now.why}`];
  return [
    '',
    'PRODUCTION',
    `  read ${now.at}; schema: ${now.schema}`,
    ...driftLines(now),
    ...now.metrics.map(({ name, title, value, expected, holds }) => {
      const held = holds === null ? '' : holds ? ': holds' : ': DOES NOT HOLD';
      return `  ${name} ${value === null ? 'not measured' : `= ${value}`}${expected === null ? '' : `, expected ${expected}`}${held} (${title})`;
    }),
    ...now.gates.map(({ title, state, text }) => `  gate ${state}: ${title}: ${text}`),
    ...(now.blockers.length === 0 ? ['  no session is visible that it would wait for'] : []),
    ...now.blockers.map((text) => `  would wait for: ${text}`),
    ...(now.unseen === null ? [] : [`  not seen: ${now.unseen}`]),
    `  reading: ${now.harmless}`,
  ];
}

/** What a reading of production says, in one line. */
export function readingText(now: Dossier['now']): string {
  return production({ now })
    .slice(2)
    .map((line) => line.trim())
    .join('; ');
}

function outside({ outside: of }: Dossier): readonly string[] {
  return [
    '',
    'OUTSIDE',
    `  ${of.declared === null ? 'declares that nothing leaves the database' : `declares that it reaches outside of the database: ${of.declared}`}`,
    ...(of.dispatch.length === 0 ? ['  nothing was seen to leave the database'] : []),
    ...of.dispatch.map((text) => `  left the database: ${text}`),
    ...of.unmeasured.map((text) => `  not measured: ${text}`),
    ...of.varies.map((text) => `  may vary: ${text}`),
  ];
}

const modes: Readonly<Record<DossierTier['transaction'], string>> = {
  single: 'in one transaction',
  each: 'statement by statement',
  outside: 'statement by statement, in no transaction',
};

function tier(of: DossierTier, least: string): readonly string[] {
  return [
    '',
    `  TIER ${of.id}: ${of.title}`,
    `    ${modes[of.transaction]}; ${of.durationMs === null ? 'not measured' : `${least}${of.durationMs} ms`}`,
    ...(of.outside === undefined ? [] : [`    it runs ${of.outside}`]),
    ...(of.barred === null ? [] : [`    BARRED, never rolled out: ${of.barred}`]),
    ...(of.oneWay === null ? [] : [`    one-way: ${of.oneWay}`]),
    ...migration(of),
    ...of.gates.map((text) => `    data gate: ${text}`),
    ...of.up.flatMap((one) => statement('up', { ...one, least })),
    ...of.down.flatMap((one) => statement('down', { ...one, least })),
  ];
}

function migration({ migration: of }: DossierTier): readonly string[] {
  if (of === undefined) return [];
  return [
    ...of.files.map(({ is, file, digest }) => `    ${is} of ${of.tool}: ${file}, ${digest}`),
    `    its row in ${of.history}: ${explainRow(of)}`,
    ...(of.changes ?? []).map((change) => `    in other words than its file: ${change}`),
  ];
}

function statement(direction: string, of: StatementFacts & { readonly least: string }): readonly string[] {
  const measured = [
    ...(of.durationMs === null ? [] : [`${of.least}${of.durationMs} ms`]),
    ...(of.rows === null ? [] : [`${of.rows} rows`]),
    ...(of.walBytes === null ? [] : [`WAL ${of.least}${of.walBytes} bytes`]),
  ];
  return [
    `    ${direction} ${of.n}: ${of.title}, ${of.digest}`,
    `      ${measured.length === 0 ? 'not measured' : measured.join(', ')}`,
    ...(of.batches === undefined ? [] : [`      ${of.batches}`]),
    ...of.locks.map((text) => `      lock ${text}`),
    ...of.rewritten.map((text) => `      new file: ${text}`),
    ...(of.probe === undefined ? [] : [`      how it is decided: ${of.probe}`]),
    ...of.notices.map((text) => `      notice ${text}`),
    ...of.sql.split('\n').map((line) => `      | ${line}`),
  ];
}
