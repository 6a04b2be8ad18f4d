import { formatDuration, type Digest, type Milliseconds } from '../../core/index.ts';
import { type Html, html } from '../../page/index.ts';
import { type ActivityView } from '../events/news.ts';
import { anewScript, withoutScripts } from '../follow.ts';

/** The parts of the page that are drawn anew once something was recorded. */
export const liveParts = ['verdicts', 'failure', 'tiers', 'history', 'metrics', 'matrix'] as const;

/**
 * Keeps the page up to date. The panel is filled from JSON, as text; the other parts are taken from the page itself, asked for again, where
 * scripts are dead. A part that somebody reads with the keyboard or has opened stays as it is. What a screen reader hears changes with
 * state and tier only. Without the script the page shows the same when it is loaded again.
 */
export const liveScript = `'use strict';
const live = document.getElementById('live'), list = document.getElementById('running'), said = document.getElementById('said');
const model = document.getElementById('card'), link = document.getElementById('link');
const none = document.getElementById('none'), fresh = document.getElementById('fresh');
const tones = { running: 'info', done: 'go', failed: 'no', held: 'hold', lost: 'no' }, ticking = new Map();
const time = (ms) => { const s = Math.round(ms / 1000); return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + String(s % 60).padStart(2, '0') + ' s' : Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min'; };
const tick = () => { for (const [card, { at, from, left }] of ticking) {
  const since = performance.now() - at;
  card.querySelector('.took').textContent = time(from + since);
  card.querySelector('.left').textContent = left === null ? 'not known' : 'about ' + time(Math.max(0, left - since));
} };
${anewScript}let due = null;
const again = async () => {
  due = null;
  const page = await readAnew();
  if (page === null) { fresh.hidden = false; return; }
  let kept = false;
  for (const id of live.dataset.parts.split(' ')) {
    const old = document.getElementById(id), next = page.getElementById(id);
    if (old === null || next === null || old.innerHTML.replaceAll(' hidden=""', '') === next.innerHTML.replaceAll(' hidden=""', '')) continue;
    if (old.contains(document.activeElement) || old.querySelector('details[open]') !== null) kept = true;
    else old.replaceWith(document.adoptNode(next));
  }
  copying();
  live.dataset.last = Math.max(Number(live.dataset.last), Number(page.getElementById('live')?.dataset.last ?? -1));
  fresh.hidden = !kept;
};
const copying = () => { for (const button of document.querySelectorAll('button[data-copy]')) button.hidden = navigator.clipboard === undefined; };
document.addEventListener('click', async (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[data-copy]') : null;
  if (button === null) return;
  await navigator.clipboard.writeText(button.dataset.copy).then(() => { button.textContent = 'Copied'; }, () => { button.textContent = 'Not copied: select it'; });
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
});
copying();
const soon = () => { due ??= setTimeout(() => again().catch(() => { fresh.hidden = false; }), someTime()); };
const show = (a) => {
  let card = document.getElementById('a-' + a.id);
  if (card === null) {
    card = model.content.firstElementChild.cloneNode(true);
    card.id = 'a-' + a.id;
    // the newest first; what ended before the page was made is told again by a connection that is new
    list.insertBefore(card, [...list.children].find((one) => one.dataset.started < a.startedAt) ?? null);
    none.hidden = true;
  }
  const put = (name, text) => { const part = card.querySelector('.' + name); if (part.textContent !== text) part.textContent = text; };
  card.dataset.started = a.startedAt;
  const tag = card.querySelector('.tag');
  card.classList.toggle('ended', a.state !== 'running');
  tag.className = 'tag ' + tones[a.state] + (a.state === 'running' ? ' live' : '');
  tag.textContent = a.state;
  put('what', a.what); put('where', a.where); put('waits', a.waiting === '' ? 'nobody' : a.waiting); put('why', a.note);
  card.querySelector('.waiting').classList.toggle('hold', a.waiting !== '');
  const bar = card.querySelector('progress');
  bar.hidden = a.step === null || a.state !== 'running';
  if (a.step !== null) { bar.max = a.step.of; bar.value = a.step.n - 1; }
  if (a.state === 'running') ticking.set(card, { at: performance.now(), from: a.elapsedMs, left: a.leftMs });
  else { ticking.delete(card); put('took', time(a.elapsedMs)); put('left', '–'); }
  if (card.dataset.said !== a.said) {
    if (card.dataset.said !== undefined || a.state === 'running') said.textContent = a.said;
    if (card.dataset.said !== undefined) soon();
    card.dataset.said = a.said;
  }
  // the last few that ended: all of them stand in what was recorded
  for (const old of [...list.querySelectorAll('article.ended')].slice(2)) old.remove();
  tick();
};
for (const card of list.children) show(JSON.parse(card.dataset.view));
setInterval(tick, 1000);
const source = new EventSource('/events?release=' + encodeURIComponent(live.dataset.seal));
source.addEventListener('open', () => { link.textContent = 'Connected: changes show by themselves.'; });
source.addEventListener('error', () => { link.textContent = source.readyState === 2 ? 'Not connected: load the page again.' : 'Not connected: trying again.'; });
source.addEventListener('activity', (event) => show(JSON.parse(event.data)));
source.addEventListener('recorded', (event) => {
  const { index, kind, digest, recordedAt } = JSON.parse(event.data);
  if (index <= Number(live.dataset.last)) return;
  live.dataset.last = index;
  const row = document.createElement('tr'), cells = ['th', 'td', 'td', 'td'].map((name) => row.appendChild(document.createElement(name)));
  const when = document.createElement('time'), found = document.createElement('a');
  when.dateTime = recordedAt; when.textContent = recordedAt.slice(0, 19).replace('T', ' ') + ' UTC';
  found.href = '/evidence/' + encodeURIComponent(digest); found.textContent = digest.slice(7, 19);
  cells[0].append(when); cells[1].textContent = kind + ' (new)'; cells[3].append(found);
  document.querySelector('#history tbody')?.prepend(row);
  soon();
});
`;

/** Draws what runs now, and what ran last. */
export function livePanel(of: {
  readonly seal: Digest;
  /** The newest entry that the page shows; -1 where there is none. */
  readonly last: number;
  readonly activities: readonly ActivityView[];
}): Html {
  const { seal, last, activities } = of;
  return html`<section id="live" data-seal="${seal}" data-last="${last}" data-parts="${liveParts.join(' ')}" aria-labelledby="live-head"><h2 id="live-head">Now</h2>
<p id="none" class="soft"${activities.length === 0 ? null : html` hidden`}>Nothing runs: no rehearsal, no rollout, no way back.</p>
<div id="running">${activities.map((one) => card(one))}</div>
<p id="said" class="soft" role="status" aria-live="polite"></p>
<p class="note" id="fresh" hidden>Something was recorded since this page was made. <a href="/releases/${seal}">Load it again</a> to see all of it; what you have opened was left as it is.</p>
<p><small id="link"></small></p>
${withoutScripts}
<template id="card">${card(null)}</template></section>`;
}

const tones = { running: 'info', done: 'go', failed: 'no', held: 'hold', lost: 'no' } as const;

/** One command; null: the model that the script fills in. */
function card(view: ActivityView | null): Html {
  const state = view?.state ?? 'running';
  const waiting = view?.waiting ?? '';
  const left = view?.leftMs ?? null;
  const isStep = view !== null && view.step !== null && state === 'running';
  return html`<article class="card${state === 'running' ? '' : ' ended'}"${view === null ? null : html` id="a-${view.id}" data-view="${JSON.stringify(view)}"`}><p><span class="tag ${tones[state]}${state === 'running' ? ' live' : ''}">${state}</span> <b class="what">${view?.what ?? ''}</b></p>
<p class="where">${view?.where ?? ''}</p><progress aria-label="Statements of this tier" max="${view?.step?.of ?? 1}" value="${(view?.step?.n ?? 1) - 1}"${isStep ? null : html` hidden`}></progress>
<dl class="facts"><dt>Time</dt><dd class="took">${duration(view?.elapsedMs ?? 0)}</dd><dt class="now">Left, by the last rehearsal</dt><dd class="left now">${state !== 'running' ? '–' : left === null ? 'not known' : `about ${duration(left)}`}</dd><dt class="now">Waits for</dt><dd class="waiting now${waiting === '' ? '' : ' hold'}"><span class="waits">${waiting === '' ? 'nobody' : waiting}</span></dd></dl><p class="why soft">${view?.note ?? ''}</p></article>`;
}

function duration(ms: number): string {
  return formatDuration(ms as Milliseconds);
}
