import { explainOpens, type Opens, type Policy } from '../../people/index.ts';
import { type Document, facts, type Html, html, list, path, table, tag, time } from '../../html/index.ts';
import { type ReleaseState } from '../../report/index.ts';
import { productionBanner } from '../../signing/index.ts';
import { needsScript, notHere } from '../signing.ts';
import { afterHtml, type AfterView } from '../after/after-html.ts';
import { followPanel } from '../follow.ts';

/** A release on one target. */
export interface TargetView {
  readonly name: string;
  readonly seal: string;
  readonly target: string;
  /** The newest entry that the page shows. */
  readonly last: number;
  readonly gate: ReleaseState['gate'];
  readonly reasons: readonly string[];
  readonly next: string | null;
  readonly done: readonly { readonly tier: string; readonly direction: 'up' | 'down' }[];
  /** Who would not ratify it, and why. */
  readonly declined: readonly string[];
  /** What people still do by hand; null where it is not their turn. */
  readonly after: AfterView | null;
  /** Statements that people were asked to sign, newest first. */
  readonly proposals: readonly {
    readonly statement: string;
    readonly opens: Opens;
    readonly expires: string;
    /** For signatures. */
    readonly waits: boolean;
    readonly state: string;
    readonly persons: readonly string[];
  }[];
  readonly policy: Policy | null;
  /** Whether a quorum ended the release here. */
  readonly abandoned: boolean;
  /** Why no one can be asked from here; null where they can. */
  readonly unsignable: string | null;
}

/** Draws the state of a release on a target, with the form that asks people to ratify it. */
export function targetPage(view: TargetView): Document {
  const { name, seal, target, policy } = view;
  const here = path('releases', seal, 'targets', target);
  const waiting = view.proposals.find(({ waits }) => waits);
  return {
    title: `${name} on ${target}`,
    trail: [
      ['Releases', '/'],
      [name, path('releases', seal)],
    ],
    script: 'statement',
    ...productionBanner(policy),
    main: html`<h1>${name} on ${target}</h1>${followPanel({
      what: { seal, last: view.last },
      parts: ['gate', 'after', 'proposals'],
      said: [
        gateSaid(view),
        ...view.declined.map((one) => `Declined by ${one}`),
        ...(view.after?.steps ?? []).flatMap(({ title, acknowledged }) =>
          acknowledged === null ? [`To do by hand: ${title}`] : [],
        ),
        ...view.proposals.map(
          ({ statement, state, persons }) =>
            `Statement ${statement.slice(7, 13)}: ${state}${persons.length === 0 ? '' : `; signed by ${persons.join(', ')}`}`,
        ),
      ],
      gone: 'This release no longer exists.',
    })}<div id="gate"><p class="big">${tag(view.gate.toUpperCase(), view.gate === 'closed' ? 'no' : 'go')}</p>${view.gate === 'done' && html`<p>Every tier that may run is done by the gate's own rows, and schema and invariants hold. There is nothing to roll out.</p>`}${
      view.gate === 'open' &&
      html`<p>The gate of ${target} is open. Whoever runs this rolls out what was ratified, from tier ${view.next}, and nothing else:</p><pre class="command" tabindex="0"><code>oneroof rollout ${name} --target ${target}</code></pre>`
    }${view.declined.map((one) => html`<p>${tag('declined', 'no')} ${one}</p>`)}${view.gate === 'closed' && html`<h2>Why it is closed</h2>${list(view.reasons)}`}${waiting !== undefined && html`<p><a class="button primary" href="${path('statements', waiting.statement)}">Judge and sign what waits: ${waiting.statement.slice(7, 13)}</a></p>`}${facts(
      [
        [
          'Done',
          view.done.length === 0
            ? 'nothing'
            : view.done.map(({ tier, direction }) => `${tier}${direction === 'down' ? ' (back)' : ''}`).join(', '),
        ],
        ['Follow', html`<a href="${here}/report">Report</a>`],
      ],
    )}</div>${afterHtml(view.after, here)}<h2>Ratifications</h2><div id="proposals">${table({
      columns: [{ head: 'Statement' }, { head: 'State' }, { head: 'Signed' }, { head: 'Valid until' }],
      rows: view.proposals.map((one) => [
        html`<a href="${path('statements', one.statement)}"><code>${one.statement.slice(7, 19)}</code></a>${one.opens.what !== 'rollout' && html`: ${explainOpens(one.opens)}`}`,
        one.state,
        one.persons.join(', ') || 'no one yet',
        time(one.expires),
      ]),
      none: 'Nobody was asked yet.',
    })}</div><h2>Ask people to ratify</h2>${needsScript}${
      view.abandoned
        ? html`<p id="abandoned" class="note no">A quorum abandoned this release here: it stays as it is, and its seal opens nothing here any more. If something is still needed, make another release for the present schema.</p>`
        : view.unsignable === null
          ? html`<form class="card" data-act="${here}/propose" autocomplete="off"><p>Writes the dossier from the newest rehearsal and from production as it is now, and records it with the statement. A statement that waits already is taken up again.</p><div class="row"><div><label for="hours">Valid for <span class="hint">hours, as long as the policy allows where it is empty</span></label><input id="hours" name="hours" inputmode="numeric" pattern="[0-9]{1,4}"></div>${
              (policy !== null && policy.holdPoints.length > 0) || view.done.length > 0
                ? html`<div><label for="purpose">For</label><select id="purpose" name="purpose"><option value="">the release</option>${(policy?.holdPoints ?? []).map(({ before }) => html`<option value="${before}">the hold point before ${before}</option>`)}${view.done.length > 0 && html`<option value="rollback">the rollback of what is rolled out</option><option value="rollback-drift">the rollback, with the schema as others left it</option>`}</select></div>`
                : null
            }<button class="primary">Ask</button></div><output role="status"></output></form>`
          : notHere(view.unsignable)
    }${abandonHtml(view, here)}`,
  };
}

/** Asking for it ends nothing: the quorum of the policy does, on a page of its own. */
function abandonHtml({ unsignable, abandoned }: TargetView, here: string): Html | null {
  if (abandoned || unsignable !== null) return null;
  return html`<details class="card noprint" id="abandon"><summary>Abandon: it stays here as it is</summary><p>Asks the quorum of the policy to abandon this release on this target, permanently: nothing of this seal runs here any more, in either direction.</p><form data-act="${here}/abandon" autocomplete="off"><label for="abandon-reason">Why <span class="hint">signed, kept and shown</span></label><textarea id="abandon-reason" name="reason" required maxlength="1000"></textarea><div class="row"><button class="danger">Ask the quorum</button></div><output role="status"></output></form></details>`;
}

/** The state of the gate, for screen readers. */
function gateSaid({ gate, target, next, reasons }: TargetView): string {
  if (gate === 'done') return `Done on ${target}: there is nothing to roll out`;
  return gate === 'open'
    ? `The gate of ${target} is open: next ${next}`
    : `The gate of ${target} is closed: ${reasons.join('; ')}`;
}
