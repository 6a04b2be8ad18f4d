import { type Digest, type Instant } from '../core/index.ts';
import { type Entry } from '../evidence/index.ts';
import { type CycleRow, whyClosed } from '../gate/index.ts';
import { type Html, html, lines, tag, time } from '../html/index.ts';
import { type ChangedPart } from '../release/index.ts';

/** A seal that a release had before, and where the release differs from it. */
export interface EarlierSeal extends EarlierCandidate {
  readonly changes: readonly ChangedPart[];
}

/** A seal with which this one can be compared. */
export interface EarlierCandidate {
  readonly seal: Digest;
  /** The target's own gate says that a ratification of it is open, or that a tier ran under one: people judged it. */
  readonly ratified: boolean;
  /** When its first entry was recorded. */
  readonly at: Instant;
}

/**
 * The seals that were recorded before this one, in the order in which they are looked at: first those that people ratified, as the target's gate says it
 * (the log alone may be planted), then those that were rehearsed; the newest first. Their releases may have other names.
 */
export function earlierCandidates(
  entries: readonly Entry[],
  of: { readonly seal: Digest; readonly cycles: readonly CycleRow[] },
): readonly EarlierCandidate[] {
  const first = entries.findIndex(({ seal }) => seal === of.seal);
  const before = entries.slice(0, Math.max(first, 0));
  const rehearsed = new Set(entries.flatMap(({ kind, seal }) => (kind === 'rehearsal' ? [seal] : [])));
  const ratified = new Set<string>(
    of.cycles.filter((cycle) => whyClosed(cycle) === null || cycle.done.length > 0).map(({ seal }) => seal),
  );
  const begun = new Map<Digest, Instant>();
  for (const { seal, recordedAt } of before) if (!begun.has(seal)) begun.set(seal, recordedAt);
  const all = [...begun].toReversed().map(([seal, at]) => ({ seal, at, ratified: ratified.has(seal) }));
  return [...all.filter((one) => one.ratified), ...all.filter((one) => !one.ratified && rehearsed.has(one.seal))];
}

const signs = { same: '  ', gone: '− ', new: '+ ', place: '@ ' } as const;
const tones = { gone: 'no', new: 'go', place: 'soft' } as const;

/** What changed since a seal that this release had before; nothing where there is none. */
export function earlierHtml(earlier: EarlierSeal | null): Html | null {
  if (earlier === null) return null;
  const { seal, ratified, at, changes } = earlier;
  return html`<section id="earlier"><h2>What changed since the last seal</h2><p>Compared with the seal <code>${seal.slice(7, 19)}</code> of ${time(at)}: ${
    ratified
      ? html`${tag('ratified here', 'go')} people ratified it for this database.`
      : html`${tag('rehearsed only', 'hold')} no ratification of it is open or was used in this database, so what is equal to it may not have been judged either.`
  } You sign all of the SQL above, not only what changed.</p>${changes.map(
    ({ name, lines: all }) =>
      html`<h3>${name}</h3><pre tabindex="0" aria-label="Changes in ${name}">${all.map(({ kind, text }, index) => {
        const line = html`${index > 0 ? lines('\n') : ''}${signs[kind]}${text}`;
        return kind === 'same' ? line : html`<span class="${tones[kind]}">${line}</span>`;
      })}</pre>`,
  )}</section>`;
}
