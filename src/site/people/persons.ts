import { type Registry } from '../../people/index.ts';
import { type Html, html, table, tag } from '../../html/index.ts';
import { cannotBeSpared, couldFill, type PolicyAndRegistry } from '../../signing/index.ts';
import { button, keyHtml } from './people-words.ts';

/** The persons of a registry. `follows`: with buttons that change the draft after it; `before`: persons and keys that are not in it are marked as new. */
export function personsTable(
  present: PolicyAndRegistry,
  { follows, before }: { readonly follows: string | null; readonly before: Registry | null },
): Html {
  const { registry, policy } = present;
  const vital = new Set(cannotBeSpared(present));
  const seats = policy.seats.map((seat, index) => ({ index, ids: couldFill(present, seat).map(({ id }) => id) }));
  const known = new Set(before?.persons.flatMap(({ id, keys }) => [id, ...keys.map(({ x }) => x)]));
  const mark = (name: string): Html | false => before !== null && !known.has(name) && html` ${tag('new', 'info')}`;
  const fills = (id: string): string => {
    const places = seats.filter(({ ids }) => ids.includes(id)).map(({ index }) => index + 1);
    return places.length === 0 ? 'no seat' : `${places.length === 1 ? 'seat' : 'seats'} ${places.join(', ')}`;
  };
  const drop = (words: Readonly<Record<string, string>>, text: string): Html =>
    button({ post: '/people/draft/drop', words: { follows: follows ?? '', ...words }, text, tone: 'danger' });
  return table({
    columns: [
      { head: 'Person' },
      { head: 'May fill' },
      { head: 'Keys' },
      ...(follows === null ? [] : [{ head: 'Change in the draft' }]),
    ],
    none: 'No one yet.',
    rows: registry.persons.map(({ id, name, level, keys }) => [
      html`${name}${mark(id)}<br><code class="soft">${id}</code>`,
      html`level ${level}<br>${fills(id)}${vital.has(id) && html`<br>${tag('indispensable', 'hold')}`}`,
      keys.length === 0
        ? html`<span class="soft">no key</span>`
        : keys.map(
            (key) =>
              html`<div>${keyHtml(key)}${mark(key.x)}${follows !== null && keys.length > 1 && drop({ person: id, key: key.credential }, 'Drop this key')}</div>`,
          ),
      ...(follows === null
        ? []
        : [
            html`<div class="row">${button({ post: '/people/invite', words: { kind: 'device', id }, text: 'Another device' })}${drop({ person: id }, 'Drop')}</div>`,
          ]),
    ]),
  });
}
