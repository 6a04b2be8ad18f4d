import { connect, readAnew, someTime } from './reload-page.ts';
import { element } from './element.ts';
import { type RecordedView } from './wire.ts';

/**
 * Keeps a page up to date on which people sign: what changed is taken from the page itself, read again, and said. A part that has the
 * focus, was opened, or holds something typed stays as it is, and its buttons are closed; all of them are where that which is signed is
 * another element, or is gone. Nothing is sent, no focus is moved, nothing that was read before signing is exchanged.
 */
export function followChanges(): void {
  const panel = element(HTMLElement, '#follow');
  const told = element(HTMLElement, '#told');
  const outdated = element(HTMLElement, '#outdated');
  const main = element(HTMLElement, '#main');
  const parts = (panel.dataset['parts'] ?? '').split(' ');
  const shown = new Map(parts.map((id) => [id, document.getElementById(id)?.outerHTML]));
  const read = signedOn(document);

  const draw = (page: Document | null): void => {
    const closed: Element[] = page === null || signedOn(page) !== read ? [main] : [];
    for (const id of page === null ? [] : parts) {
      const part = document.getElementById(id);
      const next = page?.getElementById(id) ?? null;
      if (next?.outerHTML === shown.get(id)) continue;
      if (part === null || next === null) closed.push(main);
      else if (isTouched(part)) closed.push(part);
      else {
        shown.set(id, next.outerHTML);
        part.replaceWith(document.adoptNode(next));
      }
    }
    for (const button of main.querySelectorAll('form button'))
      button.setAttribute('aria-disabled', String(closed.some((part) => part.contains(button))));
    outdated.hidden = closed.length === 0;
    const before = saidOn(panel);
    if (page !== null) Object.assign(panel.dataset, element(HTMLElement, '#follow', page).dataset);
    const news = saidOn(panel).filter((line) => !before.includes(line));
    if (closed.length > 0) news.push(page === null ? (panel.dataset['gone'] ?? '') : outdated.textContent);
    if (news.length > 0) told.textContent = news.join(' · ');
  };

  // before any other script hears of it; a button that is only disabled would lose the focus
  document.addEventListener(
    'submit',
    (event) => {
      if (!(event.target instanceof Element) || event.target.querySelector('[aria-disabled=true]') === null) return;
      event.preventDefault();
      event.stopPropagation();
      told.textContent = outdated.textContent;
    },
    true,
  );

  let isDue = false;
  let heard = 0;
  const again = async (): Promise<void> => {
    const at = heard;
    try {
      draw(await readAnew());
    } catch {
      heard += 1;
    }
    isDue = false;
    if (heard !== at) soon();
  };
  const soon = (): void => {
    if (!isDue) setTimeout(() => void again(), someTime());
    isDue = true;
  };
  const hear = (): void => {
    heard += 1;
    soon();
  };
  const source = connect(panel.dataset['events'] ?? '', element(HTMLElement, '#linked'));
  // what the page shows already is told again by a connection that is new
  source.addEventListener('recorded', ({ data }: MessageEvent<string>) => {
    if ((JSON.parse(data) as RecordedView).index > Number(panel.dataset['last'])) hear();
  });
  source.addEventListener('people', ({ data }: MessageEvent<string>) => {
    if ((JSON.parse(data) as { readonly mark: string }).mark !== panel.dataset['mark']) hear();
  });
}

/** All that a signature on this page would be for. */
function signedOn(page: Document): string {
  return [...page.querySelectorAll('[data-signed]')].map(({ textContent }) => textContent).join('\0');
}

function saidOn(panel: HTMLElement): readonly string[] {
  return JSON.parse(panel.dataset['said'] ?? '[]') as readonly string[];
}

/** Says whether someone is at work in this part. */
function isTouched(part: Element): boolean {
  const fields = part.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea');
  return (
    part.contains(document.activeElement) ||
    (part instanceof HTMLDetailsElement && part.open) ||
    part.querySelector('details[open], output:not(:empty)') !== null ||
    [...fields].some(({ value, defaultValue }) => value !== defaultValue)
  );
}
