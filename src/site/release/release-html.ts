import { type ActivityView } from '../../browser/index.ts';
import { type Digest, elapsed, formatDuration, type Instant, type NonEmpty } from '../../core/index.ts';
import {
  digestOf,
  type Document,
  folded,
  type Html,
  html,
  path,
  table,
  tag,
  tierLine,
  time,
  toneOf,
} from '../../html/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { explain, type Report, targetText } from '../../report/index.ts';
import { explainReview, objectionsIn } from '../../reviews/index.ts';
import { decisionLines, verdictOf } from '../../rollout/index.ts';
import { verdictTable } from '../reports/report-html.ts';
import { type Failure, failureHtml } from '../problems.ts';
import { type HistoryItem } from './release-history.ts';
import { livePanel } from './live.ts';
import type { TargetAnswer } from './target-answers.io.ts';
import { cycleOf, type LineSource, tierMarks } from './tiers.ts';

/** What the page of a release shows. */
export interface ReleaseView {
  readonly seal: Digest;
  readonly name: string;
  /** Null where its files were not recorded: then only what was recorded can be shown. */
  readonly known: {
    readonly sealed: SealedRelease;
    /** Of the default target. */
    readonly report: Report;
    /** Of every target, the default one first. */
    readonly reports: NonEmpty<Report>;
    readonly line: LineSource;
  } | null;
  /** The target that the line speaks of, then the others. */
  readonly targets: readonly TargetAnswer[];
  readonly activities: readonly ActivityView[];
  /** What the newest rehearsal found; null where it passed, or there is none. */
  readonly failure: Failure | null;
  readonly history: readonly HistoryItem[];
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
    script: 'release',
    main: html`<h1>${known?.sealed.release.title ?? name}</h1><p class="soft">${name}, seal ${digestOf(seal)}</p>${
      known === null
        ? html`<p class="note hold">The files of this release were not recorded: seal it again to see its tiers, gates and verdicts.</p>`
        : [head(view, known), failure(view)]
    }${livePanel({ seal, last, activities })}${known === null ? null : line(view, known)}${historySection(view)}`,
  };
}

type Known = NonNullable<ReleaseView['known']>;

function head({ seal, targets }: ReleaseView, { report, reports, line: source }: Known): Html {
  const on = targetText(report);
  const { readiness, execution, blockers, reviews, declined = [] } = report;
  return html`<div id="verdicts">${declined.map((one) => html`<p class="note no">${tag('declined', 'no')} ${one}</p>`)}${objectionsIn(reviews).map((one) => html`<p class="note no">${tag('review', 'no')} ${explainReview(one)}</p>`)}${reports.length > 1 && verdictTable(seal, reports)}<div class="cards"><div class="card"><span class="soft">Readiness for ${on}</span><span class="big">${tag(readiness.status, toneOf(readiness.status))}</span>${folded(readiness.reasons, 'The technical work is complete and proven.')}</div><div class="card"><span class="soft">Execution on ${on}</span><span class="big">${tag(execution.status, execution.status === 'NO-GO' ? 'hold' : 'go')}</span>${folded(blockers.length > 0 ? blockers : execution.reasons, 'Nothing recorded prevents it.')}</div><div class="card"><span class="soft">What ${on} says</span>${wordHtml(source, report)}${targets[0] !== undefined && html`<p><a class="button primary" href="${path('releases', seal, 'targets', targets[0].target)}">Ask people, decide, sign: ${targets[0].target}</a></p>`}<p><a href="${path('releases', seal, 'report')}">Report</a> · <a href="${path('releases', seal, 'bundle')}">All evidence as one file</a></p></div></div></div>`;
}

/** What runs, or what the target would do now, why not, and what is done about it. Where the evidence shows what comes before, nobody is told to go on. */
function wordHtml({ sealed, ratifications, running }: LineSource, { readiness, blockers }: Report): Html {
  if (running.some(({ state, kind }) => state === 'running' && kind !== 'rehearsal'))
    return html`<p>It runs now, as is shown below.</p>`;
  const verdict = verdictOf({ rows: ratifications }, { sealed, direction: 'up' });
  if (ratifications.state === 'read' && verdict.statement === null && readiness.status !== 'GO')
    return html`<p>${tag('not ratified', 'hold')} Readiness says what comes first.</p>`;
  if (verdict.decision === 'GO' && blockers.length > 0)
    return html`<p>${tag('ratified', 'go')} Execution says what blocks.</p>`;
  return html`${decisionLines(verdict).map(
    ({ state, text, fix }) =>
      html`<p>${tag(state, state === 'BLOCKED' ? 'hold' : 'go')} ${text}${fix !== null && html`<br><span class="soft">Next: ${fix}</span>`}</p>`,
  )}`;
}

function failure({ failure: found }: ReleaseView): Html {
  return html`<section id="failure">${found !== null && html`<h2>Why the last rehearsal failed</h2>${failureHtml(found)}`}</section>`;
}

function line({ targets, at }: ReleaseView, { line: source }: Known): Html {
  const [first, ...others] = targets;
  return html`<section id="tiers"><h2>Tiers and gates</h2>${first === undefined ? null : tierLine({ title: `The tiers of the release in ${first.target}`, tiers: tierMarks(source) })}<h3>What the targets themselves report</h3><p class="soft">The database has the gate and its markers: it decides which tiers are done.</p>${table(
    {
      columns: [
        { head: 'Target' },
        { head: 'Asked' },
        { head: 'Ratified by' },
        { head: 'Tiers done' },
        { head: 'Rollout' },
      ],
      rows: [...(first === undefined ? [] : [first]), ...others].map((word) => targetRow(word, { source, at })),
      none: 'oneroof.yaml names no target.',
    },
  )}</section>`;
}

function targetRow(
  { target, at: asked, ratifications }: TargetAnswer,
  of: { readonly source: LineSource; readonly at: Instant },
): readonly (string | Html)[] {
  const name = html`<a href="${path('releases', of.source.sealed.seal, 'targets', target)}">${target}</a>`;
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
  const verdict = verdictOf({ rows: ratifications }, { sealed: of.source.sealed, direction: 'up' });
  const way =
    verdict.decision === 'DONE'
      ? 'nothing remains'
      : verdict.decision === 'GO'
        ? html`${tag('ratified', 'go')} next: ${verdict.runs[0] ?? ''}`
        : `closed: ${verdict.reasons.map(explain).join('; ')}`;
  return [name, when, cycle.persons.join(', ') || 'nobody', done.map(({ tier }) => tier).join(', ') || 'none', way];
}

function historySection({ history, seal }: ReleaseView): Html {
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
  })}</div>${left > 0 ? html`<p class="soft">${left} older ones are in the <a href="/evidence?release=${encodeURIComponent(seal)}">evidence</a>.</p>` : null}`;
}
