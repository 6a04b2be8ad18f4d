import { type Digest, type Instant } from '../../core/index.ts';
import { digestOf, type Document, type Hole, html, path, table, tag, time } from '../../page/index.ts';
import { type Report } from '../../report/index.ts';

/** One release on the first page. */
export interface ReleaseLine {
  readonly seal: Digest;
  readonly name: string;
  readonly title: string | null;
  readonly lastAt: Instant;
  readonly entries: number;
  readonly report: Report | null;
  /** Where one can act on what it waits for: the default target. */
  readonly target: string;
}

/** Draws the first page. */
export function homePage(releases: readonly ReleaseLine[]): Document {
  const empty = html`<div class="card"><h2>Nothing was sealed yet</h2><p>A release begins in a terminal, beside this server's <code>oneroof.yaml</code>:</p><pre>oneroof init my-release
oneroof seal my-release
oneroof rehearse my-release</pre><p class="soft">Each of these appears here as soon as it was recorded.</p></div>`;
  return {
    title: 'Releases',
    main: html`<h1>Releases</h1><p class="lead">What was sealed, how it was proven, and what it waits for. People open the gate, with passkeys; nothing else can.</p>${
      releases.length === 0
        ? empty
        : table({
            columns: [
              { head: 'Release' },
              { head: 'Readiness' },
              { head: 'Production' },
              { head: 'Waits for' },
              { head: 'Last recorded' },
            ],
            rows: releases.map(({ seal, name, title, lastAt, report, target }) => [
              html`<a href="${path('releases', seal)}">${name}</a> ${digestOf(seal)}${title === null ? null : html`<br><span class="soft">${title}</span>`}`,
              report === null
                ? tag('unknown', 'plain')
                : tag(report.readiness.status, report.readiness.status === 'GO' ? 'go' : 'no'),
              report === null
                ? tag('unknown', 'plain')
                : tag(report.execution.status, report.execution.status === 'NO-GO' ? 'hold' : 'go'),
              report === null
                ? 'its files were not recorded: seal it again'
                : waitsFor(
                    report,
                    path('releases', seal, ...(report.readiness.status === 'GO' ? ['targets', target] : [])),
                  ),
              time(lastAt),
            ]),
          })
    }`,
  };
}

/** The first of what blocks, as a link to where one can act on it. */
function waitsFor({ blockers }: Report, href: string): Hole {
  const [first, ...more] = blockers;
  if (first === undefined) return 'nothing';
  return html`<a href="${href}">${first}</a>${more.length > 0 && html` <span class="soft">and ${more.length} more</span>`}`;
}
