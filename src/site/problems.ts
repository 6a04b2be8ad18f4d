import { ofKind } from '../evidence/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type Html, html, lines, tag } from '../html/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';

/** What a failed rehearsal found. */
export interface Failure {
  readonly problems: readonly (Rehearsal['problems'][number] & { readonly stage: string | null })[];
  /** The clone that was kept to look at; null where there is none. */
  readonly kept: string | null;
}

/** A rehearsal's problems, each once, with the stage that met it first; null where it passed. */
export function failureOf({ outcome, stages, problems, clone }: Rehearsal): Failure | null {
  if (outcome === 'passed') return null;
  const all = [
    ...stages.flatMap(({ stage, problems: of }) => of.map((one) => ({ ...one, stage }))),
    ...problems.map((one) => ({ ...one, stage: null })),
  ];
  const seen = new Set<string>();
  const distinct = all.filter((one) => {
    const key = JSON.stringify([one.code, one.problem, one.place]);
    return !seen.has(key) && seen.add(key) !== null;
  });
  return { problems: distinct, kept: clone.kept };
}

/** What the newest rehearsal found; null where it passed, cannot be read, or there is none. */
export function lastFailure(evidence: readonly KnownEvidence[]): Failure | null {
  const last = ofKind(evidence, 'rehearsal').at(-1);
  return last?.readable === true ? failureOf(last.body) : null;
}

/** Draws what a failed rehearsal found: what, where with a caret below the place, and what to do. */
export function failureHtml({ problems, kept }: Failure): Html {
  return html`${problems.map(
    (one) =>
      html`<div class="note no"><p>${tag(one.code, 'no')}${one.stage !== null && html` <span class="soft">in ${one.stage}</span>`}</p><p>${one.problem}</p>${excerpt(one)}${one.detail !== undefined && html`<pre tabindex="0" aria-label="Where it differs">${lines(one.detail.join('\n'))}</pre>`}<p><strong>To do:</strong> ${one.fix}</p></div>`,
  )}${
    kept !== null &&
    html`<p>The clone is kept, so that you can inspect it: <code>${kept}</code>. <code>oneroof clone list</code> shows it, <code>oneroof clone drop</code> drops it.</p>`
  }`;
}

function excerpt({ place, excerpt: text }: Failure['problems'][number]): Html | null {
  if (place === undefined) return null;
  const { file, line, column = 1 } = place;
  const where = html`<p class="soft"><code>${file}${line !== undefined && `:${line}:${column}`}</code></p>`;
  return text === undefined
    ? where
    : html`${where}<pre tabindex="0" aria-label="${file}"><code>${lines(`${text}\n`)}${[...text]
        .slice(0, column - 1)
        .join('')
        .replace(/[^\t]/gu, ' ')}^</code></pre>`;
}
