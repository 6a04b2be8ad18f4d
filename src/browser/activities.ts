import { element } from './element.ts';
import { type ActivityView } from './wire.ts';

const tones = { running: 'info', done: 'go', failed: 'no', held: 'hold', lost: 'no' } as const;

/** So many that have ended stay: all of them are in what was recorded. */
const mostEnded = 2;

/** The cards of what runs. Each is filled as text. What a screen reader hears changes with state and tier only. */
export function showActivities(changed: () => void): (view: ActivityView) => void {
  const list = element(HTMLElement, '#running');
  const said = element(HTMLElement, '#said');
  const model = element(HTMLElement, 'article', element(HTMLTemplateElement, '#card').content);
  const ticking = new Map<Element, { readonly at: number; readonly from: number; readonly left: number | null }>();

  const tick = (): void => {
    for (const [card, { at, from, left }] of ticking) {
      const since = performance.now() - at;
      put(card, 'took', timeText(from + since));
      put(card, 'left', left === null ? 'not known' : `about ${timeText(Math.max(0, left - since))}`);
    }
  };
  const cardOf = (view: ActivityView): HTMLElement => {
    const found = document.getElementById(`a-${view.id}`);
    if (found !== null) return found;
    const card = document.importNode(model, true);
    card.id = `a-${view.id}`;
    // the newest first; what ended before the page was made is told again by a connection that is new
    const older = [...list.querySelectorAll('article')].find(
      ({ dataset }) => (dataset['started'] ?? '') < view.startedAt,
    );
    list.insertBefore(card, older ?? null);
    element(HTMLElement, '#none').hidden = true;
    return card;
  };
  const show = (view: ActivityView): void => {
    const card = cardOf(view);
    const isRunning = view.state === 'running';
    card.dataset['started'] = view.startedAt;
    card.classList.toggle('ended', !isRunning);
    const tag = element(HTMLElement, '.tag', card);
    tag.className = `tag ${tones[view.state]}${isRunning ? ' live' : ''}`;
    tag.textContent = view.state;
    put(card, 'what', view.what);
    put(card, 'where', view.where);
    put(card, 'waits', view.waiting === '' ? 'nobody' : view.waiting);
    put(card, 'why', view.note);
    element(HTMLElement, '.waiting', card).classList.toggle('hold', view.waiting !== '');
    const bar = element(HTMLProgressElement, 'progress', card);
    bar.hidden = view.step === null || !isRunning;
    if (view.step !== null) {
      bar.max = view.step.of;
      bar.value = view.step.n - 1;
    }
    if (isRunning) ticking.set(card, { at: performance.now(), from: view.elapsedMs, left: view.leftMs });
    else {
      ticking.delete(card);
      put(card, 'took', timeText(view.elapsedMs));
      put(card, 'left', '–');
    }
    if (card.dataset['said'] !== view.said) {
      const isFirst = card.dataset['said'] === undefined;
      if (!isFirst || isRunning) said.textContent = view.said;
      if (!isFirst) changed();
      card.dataset['said'] = view.said;
    }
    for (const old of [...list.querySelectorAll('article.ended')].slice(mostEnded)) old.remove();
    tick();
  };
  for (const card of list.querySelectorAll('article')) show(JSON.parse(card.dataset['view'] ?? '') as ActivityView);
  setInterval(tick, 1000);
  return show;
}

function put(card: Element, name: string, text: string): void {
  const part = element(HTMLElement, `.${name}`, card);
  if (part.textContent !== text) part.textContent = text;
}

function timeText(ms: number): string {
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
