import { type Html, html, tag, time } from '../../html/index.ts';
import { type AfterStep, type Direction } from '../../release/index.ts';
import { type ReleaseContext } from '../../report/index.ts';

/** The steps by hand after a rollout or a rollback, and which are acknowledged. */
export interface AfterView {
  readonly direction: Direction;
  /** The cycle. */
  readonly statement: string;
  readonly steps: readonly (AfterStep & {
    /** When a visitor said that it is done; null: not yet. */
    readonly acknowledged: string | null;
  })[];
}

/** The steps of the release for the newest cycle of which anything was done, where all of it is rolled out, or rolled back; null where it is neither. */
export function afterIn({ ratifications, sealed }: Pick<ReleaseContext, 'ratifications' | 'sealed'>): {
  readonly direction: Direction;
  readonly statement: string;
  readonly steps: readonly AfterStep[];
} | null {
  const cycles = ratifications.state === 'read' ? ratifications.cycles : [];
  const cycle = cycles.find(
    ({ seal, opens, done }) => seal === sealed.seal && opens.what === 'rollout' && done.length > 0,
  );
  if (cycle === undefined) return null;
  const { statement, done, next } = cycle;
  const { after } = sealed.release;
  if (done.some(({ direction }) => direction === 'down'))
    return next.down === null ? { direction: 'down', statement, steps: after.rollback } : null;
  return next.up === null ? { direction: 'up', statement, steps: after.rollout } : null;
}

/** Draws them, each with a box; it is there while the page follows, so it has a place also where nothing is to be done. */
export function afterHtml(view: AfterView | null, here: string): Html {
  if (view === null || view.steps.length === 0) return html`<div id="after"></div>`;
  const left = view.steps.filter(({ acknowledged }) => acknowledged === null).length;
  return html`<div id="after"><h2>After the ${view.direction === 'up' ? 'rollout' : 'rollback'}</h2><p>${
    left === 0 ? tag('acknowledged', 'go') : tag(`not done yet: ${left}`, 'hold')
  } One Roof does none of this: people do it by hand, and acknowledge it here.</p>${view.steps.map(
    ({ title, run, acknowledged }, index) =>
      html`<form class="card" data-act="${here}/after" autocomplete="off"><input type="hidden" name="statement" value="${view.statement}"><input type="hidden" name="direction" value="${view.direction}"><input type="hidden" name="step" value="${index}"><p>${index + 1}. ${title}</p>${run === null ? null : html`<pre tabindex="0"><code>${run}</code></pre>`}${
        acknowledged === null
          ? html`<p><label><input type="checkbox" name="done" required> It is done</label></p><button>Acknowledge</button>`
          : html`<p>${tag('done', 'go')} acknowledged ${time(acknowledged)}</p>`
      }<output role="status"></output></form>`,
  )}</div>`;
}
