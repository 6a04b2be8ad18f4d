import { type ActivityView } from '../../browser/index.ts';
import { formatDuration, type Digest, type Milliseconds } from '../../core/index.ts';
import { type Html, html } from '../../html/index.ts';

import { withoutScripts } from '../follow.ts';

/** The parts of the page that are drawn again once something was recorded. */
export const liveParts = ['verdicts', 'failure', 'tiers', 'history'] as const;

/** Draws what runs now, and what ran last. */
export function livePanel(of: {
  readonly seal: Digest;
  /** The newest entry that the page shows; -1 where there is none. */
  readonly last: number;
  readonly activities: readonly ActivityView[];
}): Html {
  const { seal, last, activities } = of;
  return html`<section id="live" data-seal="${seal}" data-last="${last}" data-parts="${liveParts.join(' ')}" aria-labelledby="live-head"><h2 id="live-head">Now</h2>
<p id="none" class="soft"${activities.length === 0 ? null : html` hidden`}>Nothing runs: no rehearsal, no rollout, no rollback.</p>
<div id="running">${activities.map((one) => card(one))}</div>
<p id="said" class="soft" role="status" aria-live="polite"></p>
<p class="note" id="fresh" hidden>Something was recorded since this page was made. <a href="/releases/${seal}">Load it again</a> to see everything; the sections that you opened stay open.</p>
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
<dl class="facts"><dt>Time</dt><dd class="took">${duration(view?.elapsedMs ?? 0)}</dd><dt class="now">Remaining, by the last rehearsal</dt><dd class="left now">${state !== 'running' ? '–' : left === null ? 'not known' : `about ${duration(left)}`}</dd><dt class="now">Waits for</dt><dd class="waiting now${waiting === '' ? '' : ' hold'}"><span class="waits">${waiting === '' ? 'nobody' : waiting}</span></dd></dl><p class="why soft">${view?.note ?? ''}</p></article>`;
}

function duration(ms: number): string {
  return formatDuration(ms as Milliseconds);
}
