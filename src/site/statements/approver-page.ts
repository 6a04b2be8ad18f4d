import { explainOpens, type Policy, type Ratification } from '../../people/index.ts';
import { comparable, type Document, facts, type Html, html, list, path, table, tag, time } from '../../html/index.ts';
import { type Instant } from '../../core/index.ts';
import { dossierHtml, type DossierView, type ProductionReading } from '../../dossier/index.ts';
import {
  type Declined,
  earlierHtml,
  type EarlierSeal,
  productionBanner,
  reviewsBesideHtml,
  type VerdictNow,
  verdictNowHtml,
} from '../../signing/index.ts';
import { type ReviewsBeside } from '../../reviews/index.ts';
import { followPanel } from '../follow.ts';
import { needsScript, notHere } from '../signing.ts';
import { type StatementState } from './states.ts';

/** This host's own reading of production, because the recorded reading may be false. */
export interface FreshReading {
  readonly at: Instant;
  readonly schema: Reading['schema'];
  readonly metrics: Reading['metrics'];
}
type Reading = Extract<ProductionReading, { readonly read: true }>;

/** What the page of a statement shows. */
export interface StatementView extends DossierView {
  readonly statement: string;
  readonly body: string;
  readonly ratification: Ratification;
  readonly name: string;
  readonly seal: string;
  readonly target: string;
  /** The newest entry that the page shows. */
  readonly last: number;
  readonly standing: StatementState;
  /** From when on signatures count, where that is later; null: one counts now. */
  readonly review: string | null;
  /** The seal that the release had before; null: none was ratified or rehearsed. */
  readonly earlier: EarlierSeal | null;
  /** Reviews that the dossier does not have. */
  readonly beside: ReviewsBeside;
  /** Production as this host reads it now, or why it could not. */
  readonly fresh: FreshReading | string;
  /** What the button would do there now; null where it could not be read. */
  readonly now: VerdictNow | null;
  /** Null where the target could not be asked. */
  readonly policy: Policy | null;
  readonly declines: readonly Declined[];
  /** Accepted differences of the schema: each difference, and what is not known of it. */
  readonly accepts: readonly (readonly [name: string, text: string])[];
  /** Why no one can sign on this site; null where they can. */
  readonly unsignable: string | null;
}

const tones = { unknown: 'no', waits: 'hold', open: 'go', closed: 'no' } as const;
/** The gate is not called open here: every seat can be filled while a gate on data is closed. */
const words = { waits: 'waits for signatures', open: 'ratified', closed: 'closed' } as const;

/** Draws the page on which a person judges a release, and decides. */
export function statementPage(view: StatementView): Document {
  const { name, seal, target, policy } = view;
  return {
    title: `Ratify ${name} for ${target}, ${view.statement.slice(7, 13)}`,
    trail: [
      ['Releases', '/'],
      [name, path('releases', seal)],
    ],
    script: 'statement',
    ...productionBanner(policy),
    main: html`${dossierHtml(view, {
      top: html`${atTop(view)}${reviewsBesideHtml(view.beside)}`,
      below: followPanel({
        what: { seal, last: view.last },
        parts: ['stands', 'beside', 'standing', 'ratify', 'revoke'],
        said: saidOf(view),
        gone: 'This statement no longer exists.',
      }),
      more: [
        ...(view.earlier === null ? [] : [['earlier', 'What changed'] as const]),
        ...(view.accepts.length === 0 ? [] : [['accepts', 'What it accepts'] as const]),
        ['fresh', 'Read by this host'],
        ...(view.now === null ? [] : [['now', 'What would run now'] as const]),
        ['standing', 'Who has signed'],
        ['decide', 'Decide'],
      ],
    })}${earlierHtml(view.earlier)}${acceptsHtml(view)}${freshHtml(view)}${nowHtml(view)}${standingHtml(view)}${decide(view)}`,
  };
}

/** Who has signed comes first: the second person wants to know this first. */
function atTop({ standing, ratification, declines, unsignable, review }: StatementView): Html {
  const signed = standing.state === 'unknown' ? [] : standing.persons;
  return html`<p id="stands" class="note ${standing.state === 'open' ? 'go' : standing.state === 'waits' ? 'hold' : 'no'}">${
    standing.state === 'unknown' ? tag('not known', 'no') : tag(words[standing.state], tones[standing.state])
  } ${standing.state === 'unknown' ? standing.why : standing.text}<br>${signed.length === 0 ? 'No one has signed yet' : html`Signed by <strong>${signed.join(', ')}</strong>`}${
    declines.length > 0 && html`; declined by <strong>${declines.flatMap(({ persons }) => persons).join(', ')}</strong>`
  }. Valid until ${time(ratification.expires)}.${review !== null && html` <span id="review">${capital(review)}.</span>`} <a href="#standing">Everything</a>${standing.state === 'waits' && unsignable === null && html` · <a href="#decide">Decide</a>`}</p>`;
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** None of it was rehearsed, so the signer must read all of it. */
function acceptsHtml({ accepts }: StatementView): Html | null {
  if (accepts.length === 0) return null;
  return html`<section id="accepts"><h2>Accepted differences of the schema</h2>${accepts.map(
    ([name, text]) => html`<h3>${name}</h3><pre tabindex="0">${text}</pre>`,
  )}</section>`;
}

/** Shown beside the reading that was recorded with the proposal: otherwise a planted reading would be shown as true. */
function freshHtml({ fresh }: StatementView): Html {
  const body =
    typeof fresh === 'string'
      ? html`<p>${tag('not read', 'no')} ${fresh}</p>`
      : html`<p>Read ${time(fresh.at)}: ${tag(fresh.schema, fresh.schema === 'as rehearsed' ? 'go' : 'no')}</p>${table({
          columns: [{ head: 'Metric' }, { head: 'Now', kind: 'number' }, { head: 'Expected' }, { head: 'Holds' }],
          rows: fresh.metrics.map((one) => [
            html`<code>${one.name}</code>`,
            one.value ?? 'not measured',
            one.expected ?? '',
            one.holds === null ? '' : tag(one.holds ? 'holds' : 'does not hold', one.holds ? 'go' : 'no'),
          ]),
          none: 'The release names no metric.',
        })}`;
  return html`<section id="fresh"><h2>Production, as read now by this host</h2><p class="soft">Compare it with the reading in the dossier, which was recorded with the proposal.</p>${body}</section>`;
}

function nowHtml({ now, ratification }: StatementView): Html | null {
  return now === null ? null : verdictNowHtml(now, ratification.opens.what === 'rollback' ? 'down' : 'up');
}

/** The state, for screen readers. */
function saidOf({ standing, declines, beside }: StatementView): readonly string[] {
  if (standing.state === 'unknown') return [`not known: ${standing.why}`];
  const { state, text, persons } = standing;
  return [
    state === 'waits' ? `Waits: ${text}` : state === 'open' ? 'Ratified: every seat is filled' : `Closed: ${text}`,
    persons.length === 0 ? 'No one has signed yet' : `Signed by ${persons.join(', ')}`,
    ...declines.map((one) => `Declined by ${one.persons.join(', ')}: ${one.reason}`),
    ...beside.late.map((one) => `Later review by ${one.by}: ${one.finding}`),
  ];
}

function standingHtml({ standing, ratification, declines, statement }: StatementView): Html {
  const state =
    standing.state === 'unknown'
      ? html`${tag('not known', 'no')} ${standing.why}`
      : html`${tag(words[standing.state], tones[standing.state])} ${standing.text}`;
  return html`<section id="standing"><h2>Who has signed, and what is missing</h2><p>${state}</p>${facts([
    [
      'Signed',
      standing.state === 'unknown' || standing.persons.length === 0 ? 'no one yet' : standing.persons.join(', '),
    ],
    ['Valid', html`${time(ratification.notBefore)} to ${time(ratification.expires)}`],
    ['Rehearsed', time(ratification.rehearsedAt)],
    ['Opens', explainOpens(ratification.opens)],
    [
      'Rolled out',
      standing.state === 'unknown' || standing.done.length === 0
        ? 'nothing'
        : standing.done.map(({ tier, direction }) => `${tier}${direction === 'down' ? ' (back)' : ''}`).join(', '),
    ],
    ['Statement', html`<code>${statement}</code>`],
  ])}${
    declines.length > 0 &&
    html`<h3>Declined</h3>${list(declines.map(({ persons, reason, at }) => html`${tag('declined', 'no')} ${persons.join(', ')}, ${time(at)}: ${reason}`))}`
  }</section>`;
}

function decide(view: StatementView): Html {
  const { statement, unsignable, standing, body } = view;
  const digits = statement.replace(/^sha256:/, '');
  const here = path('statements', statement);
  const mayRatify = standing.state === 'waits';
  const code = (id: string): Html =>
    html`<div><label for="${id}">First six digits of the statement</label><input class="code" id="${id}" name="code" required maxlength="7" pattern="[0-9a-fA-F]{3} ?[0-9a-fA-F]{3}" spellcheck="false" autocapitalize="none" autocomplete="off"></div>`;
  const reason = (id: string): Html =>
    html`<label for="${id}">Why <span class="hint">signed, kept and shown</span></label><textarea id="${id}" name="reason" required maxlength="1000"></textarea>`;
  const forms = html`<div class="card" id="ratify"><h3>Ratify</h3>${
    mayRatify
      ? html`<p>You answer for this release. It opens exactly these bytes, for exactly this database, until the time above.</p><form data-act="${here}/ratify" autocomplete="off"><div class="row">${code('ratify-code')}<button class="primary">Ratify with my passkey</button></div><output role="status"></output></form>`
      : html`<p class="soft">${standing.state === 'open' ? 'Every seat is filled: no more signatures are needed.' : 'It cannot be ratified now.'}</p>`
  }</div><div class="cards"><details class="card"><summary>Decline</summary><p>Says that you will not ratify, and why. It closes nothing by itself.</p><form data-act="${here}/decline" autocomplete="off">${reason('decline-reason')}<div class="row">${code('decline-code')}<button>Decline with my passkey</button></div><output role="status"></output></form></details><details class="card" id="revoke"${standing.state === 'unknown' || standing.persons.length === 0 ? html` hidden` : null}><summary>Revoke</summary><p>Closes the rollout at once. One enrolled person is enough; the rollback stays open.</p><form data-act="${here}/revoke" autocomplete="off">${reason('revoke-reason')}<div class="row">${code('revoke-code')}<button class="danger">Revoke with my passkey</button></div><output role="status"></output></form></details></div>`;
  return html`<section id="decide" class="noprint"><h2>Decide</h2>${needsScript}<p>Your passkey shows only the name of this site; what you sign is the statement with these digits:</p>${comparable(digits)}<p>Compare them with what another person sees, in a terminal or on another device, then type the first six.</p>${
    unsignable === null ? forms : notHere(unsignable)
  }<details><summary>The statement, to the byte</summary><pre data-signed tabindex="0" id="statement">${body}</pre></details></section>`;
}
