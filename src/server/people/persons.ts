import { type Html, html, table, tag } from '../../page/index.ts';
import { cannotBeSpared, couldFill, type InForce } from '../../web/index.ts';
import { button, keyHtml } from './words.ts';

/** Who there is; with buttons where a draft follows. */
export function personsTable(present: InForce, follows: string | null): Html {
  const { registry, policy } = present;
  const vital = new Set(cannotBeSpared(present));
  const seats = policy.seats.map((seat, index) => ({ index, ids: couldFill(present, seat).map(({ id }) => id) }));
  return table({
    columns: [
      { head: 'Person' },
      { head: 'Level' },
      { head: 'Seats' },
      { head: 'Keys' },
      ...(follows === null ? [] : [{ head: 'Change in the draft' }]),
    ],
    none: 'Nobody yet.',
    rows: registry.persons.map(({ id, name, level, keys }) => [
      html`${name}<br><code class="soft">${id}</code>`,
      level,
      html`${
        seats
          .filter(({ ids }) => ids.includes(id))
          .map(({ index }) => `${index + 1}`)
          .join(', ') || 'none'
      }${vital.has(id) && html`<br>${tag('cannot be spared', 'hold')}`}`,
      keys.length === 0
        ? html`<span class="soft">no key</span>`
        : html`<ul class="bare">${keys.map((key) => html`<li>${keyHtml(key)}${follows !== null && keys.length > 1 && button({ post: '/people/draft/drop', words: { follows, person: id, key: key.credential }, text: 'Drop this key' })}</li>`)}</ul>`,
      ...(follows === null
        ? []
        : [
            html`<div class="row">${button({ post: '/people/invite', words: { kind: 'device', id }, text: 'Another device' })}${button({ post: '/people/draft/drop', words: { follows, person: id }, text: 'Drop', tone: 'danger' })}</div>`,
          ]),
    ]),
  });
}
