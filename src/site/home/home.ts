import { type Digest, type Instant } from '../../core/index.ts';
import { digestOf, type Document, type Hole, type Html, html, path, table, tag, time } from '../../html/index.ts';
import { type Report, targetText } from '../../report/index.ts';

/** One seal on the first page. */
export interface SealLine {
  readonly seal: Digest;
  readonly name: string;
  readonly title: string | null;
  readonly lastAt: Instant;
  /** The entry of the log that sealed it last. */
  readonly sealedIn: number;
  /** What its newest rehearsal found, each problem once; empty where it passed, or there is none. */
  readonly failures: readonly string[];
  /** One for each target; null where its files were not recorded. */
  readonly reports: readonly Report[] | null;
}

/** A release by its name: its newest seal, and the older ones, newest first. */
export interface ReleaseLine {
  readonly newest: SealLine;
  readonly older: readonly SealLine[];
}

/** The seals of each release together; releases stay in the order of their first seal in the list. */
export function releaseLines(seals: readonly SealLine[]): readonly ReleaseLine[] {
  return [...new Set(seals.map(({ name }) => name))].flatMap((name) => {
    const all = seals.filter((one) => one.name === name);
    const [newest, ...older] = all.toSorted((one, other) => other.sealedIn - one.sealedIn);
    return newest === undefined ? [] : [{ newest, older }];
  });
}

/** Draws the first page. */
export function homePage(seals: readonly SealLine[]): Document {
  const releases = releaseLines(seals);
  const empty = html`<div class="card"><h2>Nothing was sealed yet</h2><p>A release begins in a terminal, beside this server's <code>oneroof.yaml</code>:</p><pre>oneroof init my-release
oneroof seal my-release
oneroof rehearse my-release</pre><p class="soft">Each of these appears here as soon as it is recorded.</p></div>`;
  return {
    title: 'Releases',
    main: html`<h1>Releases</h1><p class="lead">What was sealed, how it was proven, and what it waits for. People open the gate, with passkeys; nothing else can.</p>${
      releases.length === 0
        ? empty
        : table({
            columns: [
              { head: 'Release' },
              { head: 'Readiness' },
              { head: 'Execution' },
              { head: 'Waits for' },
              { head: 'Last recorded' },
            ],
            rows: releases.map(({ newest: { seal, name, title, lastAt, reports } }) => [
              html`<a href="${path('releases', seal)}">${name}</a> ${digestOf(seal)}${title === null ? null : html`<br><span class="soft">${title}</span>`}`,
              each(reports, ({ readiness: { status } }) => tag(status, status === 'GO' ? 'go' : 'no')),
              each(reports, ({ execution: { status } }) => tag(status, status === 'NO-GO' ? 'hold' : 'go')),
              reports === null
                ? 'its files were not recorded: seal it again'
                : each(reports, (report) => waitsFor(report, seal)),
              time(lastAt),
            ]),
            below: (row) => olderHtml(releases[row]?.older ?? []),
          })
    }`,
  };
}

/** A line for each target, which it names. */
function each(reports: readonly Report[] | null, draw: (report: Report) => Hole): Hole {
  if (reports === null) return tag('unknown', 'plain');
  return reports.map((report) => html`<div><span class="soft">${targetText(report)}</span> ${draw(report)}</div>`);
}

/** The first blocker, as a link to the page where one can act on it. */
function waitsFor({ blockers, readiness, target }: Report, seal: Digest): Hole {
  const [first, ...more] = blockers;
  if (first === undefined) return 'nothing';
  const where = target === null || readiness.status !== 'GO' ? [] : ['targets', target];
  return html`<a href="${path('releases', seal, ...where)}">${first}</a>${more.length > 0 && html` <span class="soft">and ${more.length} more</span>`}`;
}

/** Folded unless one of them is ready or rolled out, so that a newer seal does not hide what people can still sign, or what runs. */
function olderHtml(older: readonly SealLine[]): Html | null {
  if (older.length === 0) return null;
  const isOpen = older.some(({ reports }) => reports?.some(isAlive) !== false);
  return html`<details${isOpen && html` open`}><summary>${older.length === 1 ? '1 older seal' : `${older.length} older seals`}</summary><ul class="bare">${older.map(
    (line) =>
      html`<li><a href="${path('releases', line.seal)}">${digestOf(line.seal)}</a> <span class="soft">${time(line.lastAt)}</span> ${olderState(line)}</li>`,
  )}</ul></details>`;
}

function isAlive({ readiness, rolledOut, tiers }: Report): boolean {
  return readiness.status === 'GO' || rolledOut || tiers.some(({ state }) => state === 'done' || state === 'running');
}

/** Why an older seal is not ready; where it is, or runs somewhere, that. */
function olderState({ reports, failures }: SealLine): Hole {
  if (reports === null) return 'its files were not recorded';
  const alive = reports.filter(isAlive);
  if (alive.length > 0)
    return alive.map(
      (report) =>
        html`${tag(report.rolledOut ? 'rolled out' : report.readiness.status === 'GO' ? 'ready' : 'half-way', 'hold')} ${targetText(report)} `,
    );
  // a failed rehearsal becomes stale as well: that it failed says more
  const isFailed = failures.length > 0;
  const all = isFailed ? failures : new Set(reports.flatMap(({ readiness }) => readiness.reasons));
  const [first = 'no reason is known', ...more] = all;
  return html`${tag(isFailed ? 'rehearsal failed' : 'NO-GO', 'no')} ${first}${more.length > 0 && html` <span class="soft">and ${more.length} more</span>`}`;
}
