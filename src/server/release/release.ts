import { type Digest, elapsed, formatDuration, type Instant } from '../../core/index.ts';
import { explainRefusal } from '../../gate/index.ts';
import {
  command,
  digestOf,
  type Document,
  folded,
  type Html,
  html,
  matrix,
  metricFigure,
  path,
  type ReadingMark,
  table,
  tag,
  tierLine,
  time,
  toneOf,
} from '../../page/index.ts';
import { type Release, type SealedRelease } from '../../release/index.ts';
import { type Report } from '../../report/index.ts';
import { type ActivityView } from '../events/news.ts';
import { type Failure, failureHtml } from '../problems.ts';
import { type HistoryItem } from './history.ts';
import { livePanel, liveScript } from './live.ts';
import { type NextCommand } from './next.ts';
import type { TargetWord } from './target.io.ts';
import { cycleOf, type LineSource, tierMarks } from './tiers.ts';

/** What the page of a release shows. */
export interface ReleaseView {
  readonly seal: Digest;
  readonly name: string;
  /** Null where its files were not recorded: then only what was recorded can be shown. */
  readonly known: {
    readonly sealed: SealedRelease;
    readonly report: Report;
    readonly line: LineSource;
    readonly next: NextCommand;
  } | null;
  /** The target that the line speaks of, then the others. */
  readonly targets: readonly TargetWord[];
  readonly activities: readonly ActivityView[];
  /** What the newest rehearsal found; null where it passed, or there is none. */
  readonly failure: Failure | null;
  readonly history: readonly HistoryItem[];
  readonly readings: ReadonlyMap<string, readonly ReadingMark[]>;
  readonly last: number;
  readonly at: Instant;
}

/** More lines of history than these make a page slow to read. */
const longestHistory = 200;

/** Draws the page of a release. */
export function releasePage(view: ReleaseView): Document {
  const { known, seal, name, last, activities } = view;
  return {
    title: name,
    trail: [['Releases', '/']],
    script: liveScript,
    main: html`<h1>${known?.sealed.release.title ?? name}</h1><p class="soft">${name}, seal ${digestOf(seal)}</p>${
      known === null
        ? html`<p class="note hold">The files of this release were not recorded: seal it again to see its tiers, gates and verdicts.</p>`
        : [head(view, known), failure(view)]
    }${livePanel({ seal, last, activities })}${known === null ? null : line(view, known)}${historySection(view)}${
      known === null ? null : [metricsSection(known.sealed.release, view), matrixSection(known.report)]
    }`,
  };
}

type Known = NonNullable<ReleaseView['known']>;

function head({ seal, targets }: ReleaseView, { report, next, sealed }: Known): Html {
  const { readiness, execution, blockers } = report;
  return html`<div id="verdicts" class="cards"><div class="card"><span class="soft">Readiness</span><span class="big">${tag(readiness.status, toneOf(readiness.status))}</span>${folded(readiness.reasons, 'The engineering is complete and proven.')}</div><div class="card"><span class="soft">Production</span><span class="big">${tag(execution.status, execution.status === 'NO-GO' ? 'hold' : 'go')}</span>${folded(blockers.length > 0 ? blockers : execution.reasons, 'Nothing recorded stands in the way.')}</div><div class="card"><span class="soft">Next</span><p>${next.why}</p>${targets[0] !== undefined && next.by === 'people' && html`<p><a class="button primary" href="${path('releases', seal, 'targets', targets[0].target)}">Ask people, judge, sign: ${targets[0].target}</a></p><p class="soft">Or in a terminal:</p>`}${next.command === null ? null : html`${command(next.command)}<p class="soft">In the folder of oneroof.yaml; <code>${sealed.release.name}</code> stands for the folder of the release.</p>`}${targets[0] !== undefined && next.by === 'command' && html`<p><a href="${path('releases', seal, 'targets', targets[0].target)}">How it stands in ${targets[0].target}</a></p>`}<p><a href="${path('releases', seal, 'report')}">Report</a> · <a href="${path('releases', seal, 'bundle')}">All evidence as one file</a></p></div></div>`;
}

function failure({ failure: found }: ReleaseView): Html {
  return html`<section id="failure">${found !== null && html`<h2>Why the last rehearsal failed</h2>${failureHtml(found)}`}</section>`;
}

function line({ targets, at }: ReleaseView, { line: source }: Known): Html {
  const [first, ...others] = targets;
  return html`<section id="tiers"><h2>Tiers and gates</h2>${first === undefined ? null : tierLine({ title: `The tiers of the release in ${first.target}`, tiers: tierMarks(source) })}<h3>What the targets say themselves</h3><p class="soft">The database holds the gate and its markers: what it says is the truth about tiers that are done.</p>${table(
    {
      columns: [
        { head: 'Target' },
        { head: 'Asked' },
        { head: 'Ratified by' },
        { head: 'Tiers done' },
        { head: 'Way forward' },
      ],
      rows: [...(first === undefined ? [] : [first]), ...others].map((word) => targetRow(word, { source, at })),
      none: 'oneroof.yaml names no target.',
    },
  )}</section>`;
}

function targetRow(
  { target, at: asked, ratifications }: TargetWord,
  of: { readonly source: LineSource; readonly at: Instant },
): readonly (string | Html)[] {
  const room = (...more: readonly string[]): string =>
    path('releases', of.source.sealed.seal, 'targets', target, ...more);
  const name = html`<a href="${room()}">${target}</a><br><small><a href="${room('runbook')}">runbook</a> <a href="${room('prompt')}">prompt</a></small>`;
  const age = elapsed({ from: asked, to: of.at });
  const when = html`${time(asked)}${age < 1000 ? null : html` <span class="soft">${formatDuration(age)} ago</span>`}`;
  if (ratifications.state === 'unread')
    return [
      name,
      when,
      html`${tag('could not be asked', 'no')} ${ratifications.why}`,
      'not known',
      'not known: closed',
    ];
  const cycle = cycleOf({ sealed: of.source.sealed, ratifications });
  if (cycle === null) return [name, when, 'nobody', 'none', 'closed: no ratification of this seal was handed in'];
  const back = new Set(cycle.done.filter(({ direction }) => direction === 'down').map(({ tier }) => tier));
  const done = cycle.done.filter(({ direction, tier }) => direction === 'up' && !back.has(tier));
  const way =
    back.size > 0
      ? `closed: the way back has begun (${[...back].join(', ')})`
      : cycle.next.up === null
        ? 'nothing is left'
        : cycle.closed.up === null
          ? html`${tag('open', 'go')} next: ${cycle.next.up}`
          : `closed: ${explainRefusal(cycle.closed.up)}`;
  return [name, when, cycle.persons.join(', ') || 'nobody', done.map(({ tier }) => tier).join(', ') || 'none', way];
}

function historySection({ history }: ReleaseView): Html {
  const shown = history.slice(0, longestHistory);
  const left = history.length - shown.length;
  return html`<h2>What was recorded</h2><div id="history">${table({
    columns: [{ head: 'When' }, { head: 'What' }, { head: 'Details' }, { head: 'Evidence' }],
    rows: shown.map(({ at, what, status, detail, digest }) => [
      time(at),
      html`${what}${status === null ? null : html` ${tag(status.word, status.tone)}`}`,
      detail,
      html`<a href="${path('evidence', digest)}">${digestOf(digest)}</a>`,
    ]),
    none: 'Nothing was recorded yet.',
  })}</div>${left > 0 ? html`<p class="soft">${left} older ones are in the <a href="/evidence">evidence</a>.</p>` : null}`;
}

function metricsSection({ metrics, invariants }: Release, { readings }: ReleaseView): Html | null {
  if (metrics.length === 0) return null;
  return html`<section id="metrics"><h2>From greenfield to finalized</h2><div class="cards roomy">${metrics.map(
    ({ name, title }) =>
      html`<div class="card"><h3>${name}</h3><p class="soft">${title}</p>${metricFigure({
        title: name,
        readings: readings.get(name) ?? [],
        greenfield: invariants.greenfield[name] ?? invariants.always[name] ?? null,
        finalized: invariants.finalized[name] ?? invariants.always[name] ?? null,
      })}</div>`,
  )}</div></section>`;
}

function matrixSection({ components }: Report): Html {
  return html`<section id="matrix"><h2>Classification</h2>${matrix(
    components.map(({ component, status, evidence, citations }) => ({
      component,
      status,
      evidence: html`${evidence} ${citations.map(({ href, kind }) => html`<a href="${href}">${kind}</a> `)}`,
    })),
  )}</section>`;
}
