import { type Document, html, lines, markdownHtml, path } from '../../page/index.ts';
import { type ReleaseRecord } from '../records.ts';

/** Draws a runbook, or a prompt as the text that an agent is given. */
export function paperPage(
  record: Pick<ReleaseRecord, 'name' | 'seal'>,
  { kind, target, text }: { readonly kind: 'runbook' | 'prompt'; readonly target: string; readonly text: string },
): Document {
  const here = path('releases', record.seal, 'targets', target, kind);
  return {
    title: `${kind === 'runbook' ? 'Runbook' : 'Prompt'} for ${target}`,
    trail: [
      ['Releases', '/'],
      [record.name, path('releases', record.seal)],
    ],
    main: html`${
      kind === 'runbook'
        ? markdownHtml(text)
        : html`<h1>Prompt for ${target}</h1><p class="lead">What an agent may do with this release now: give it these words as they are.</p><pre tabindex="0"><code>${lines(text)}</code></pre>`
    }<p class="noprint"><a href="${here}?as=markdown">As text</a></p>`,
  };
}
