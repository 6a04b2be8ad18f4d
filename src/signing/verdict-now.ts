import { type Instant, printable } from '../core/index.ts';
import { type Html, html, tag, time, type Tone } from '../html/index.ts';
import { type Direction } from '../release/index.ts';
import { type Verdict, type VerdictLine, verdictLines } from '../rollout/index.ts';

/** What a rollout or rollback would do, as this host reads it. It is not part of what people sign, because later readings must not change that. */
export interface VerdictNow {
  readonly at: Instant;
  readonly up: Verdict;
  readonly down: Verdict;
}

const names = { up: 'rollout', down: 'rollback' } as const;

/** For a terminal, a fact a line; of one direction where it is named. */
export function verdictNowText(now: VerdictNow, of: { readonly target: string; readonly only?: Direction }): string {
  const directions: readonly Direction[] = of.only === undefined ? ['up', 'down'] : [of.only];
  return [
    `Read now, and not part of what is signed: ${printable(of.target)} at ${now.at}`,
    ...directions.flatMap((direction) =>
      verdictLines(now[direction]).flatMap(({ state, text, fix }) => [
        `  ${names[direction]}: ${state}: ${printable(text)}`,
        ...(fix === null ? [] : [`    next: ${printable(fix)}`]),
      ]),
    ),
  ].join('\n');
}

const tones: Readonly<Record<VerdictLine['state'], Tone>> = {
  OPEN: 'go',
  DONE: 'go',
  BLOCKED: 'no',
  first: 'hold',
  waits: 'hold',
  'not asked': 'plain',
};

/** For the pages on which people judge. */
export function verdictNowHtml({ at, ...now }: VerdictNow, direction: Direction): Html {
  return html`<section id="now"><h2>What the ${names[direction]} would do now</h2><p class="soft">Read by this host ${time(at)}. It is not part of what you sign.</p><ul>${verdictLines(
    now[direction],
  ).map(
    ({ state, text, fix }) =>
      html`<li>${tag(state, tones[state])} ${text}${fix !== null && html`<br><span class="soft">Next: ${fix}</span>`}</li>`,
  )}</ul></section>`;
}
