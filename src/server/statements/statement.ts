import { type Cycle, explainOpens, type Policy, type Ratification } from '../../gate/index.ts';
import { comparable, type Document, facts, type Html, html, list, path, table, tag, time } from '../../page/index.ts';
import { type Instant } from '../../core/index.ts';
import { dossierHtml, type DossierView, type Production } from '../../dossier/index.ts';
import { type Declined } from './find.ts';
import { followPanel } from '../follow.ts';
import { statementScript } from './script.ts';

/** How a statement stands in its target, by the target's own word; what cannot be asked is closed. */
export type Standing =
  | { readonly state: 'unknown'; readonly why: string }
  | {
      readonly state: 'waits' | 'open' | 'closed';
      /** Why it is not open; empty where it is. */
      readonly text: string;
      readonly persons: readonly string[];
      readonly done: Cycle['done'];
    };

/** What this host reads of production itself: the recorded reading is somebody's word. */
export interface FreshReading {
  readonly at: Instant;
  readonly schema: Reading['schema'];
  readonly metrics: Reading['metrics'];
}
type Reading = Extract<Production, { readonly read: true }>;

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
  readonly standing: Standing;
  /** From when on signatures count, where that is later; null: one counts now. */
  readonly review: string | null;
  /** Production as this host reads it now, or why it could not. */
  readonly fresh: FreshReading | string;
  /** Null where the target could not be asked. */
  readonly policy: Policy | null;
  readonly declines: readonly Declined[];
  /** Why nobody can sign on this site; null where they can. */
  readonly unsignable: string | null;
}

const tones = { unknown: 'no', waits: 'hold', open: 'go', closed: 'no' } as const;

/** Draws the page on which a person judges a release, and decides. */
export function statementPage(view: StatementView): Document {
  const { name, seal, target, policy } = view;
  return {
    title: `Ratify ${name} for ${target}, ${view.statement.slice(7, 13)}`,
    trail: [
      ['Releases', '/'],
      [name, path('releases', seal)],
    ],
    script: statementScript,
    ...(policy?.production === true ? {} : { banner: notForProductionBanner(policy) }),
    main: html`${dossierHtml(view, {
      top: html`${atTop(view)}${followPanel({
        what: { seal, last: view.last },
        parts: ['stands', 'standing', 'ratify', 'revoke'],
        said: saidOf(view),
        gone: 'This statement is not there any more.',
      })}`,
      more: [
        ['fresh', 'Read by this host'],
        ['standing', 'Who has signed'],
        ['decide', 'Decide'],
      ],
    })}${freshHtml(view)}${standingHtml(view)}${decide(view)}`,
  };
}

/** A passkey is asked for by a script, and so is an answer that says what came of it. */
export const needsScript: Html = html`<noscript><p class="note hold">This page can be read without scripts; what is asked or signed on it needs them.</p></noscript>`;

/** What stands above everything where a policy is not for production. */
export function notForProductionBanner(policy: Policy | null): Html {
  return policy === null
    ? html`<p class="warn">NOT FOR PRODUCTION: the policy of the target is not known.</p>`
    : html`<p class="warn">NOT FOR PRODUCTION: policy ${policy.name} opens no production database.</p>`;
}

/** Who has signed, before all else: whoever comes second wants to know it first. */
function atTop({ standing, ratification, declines, unsignable, review }: StatementView): Html {
  const word = standing.state === 'waits' ? 'waits for signatures' : standing.state;
  const signed = standing.state === 'unknown' ? [] : standing.persons;
  return html`<p id="stands" class="note ${standing.state === 'open' ? 'go' : standing.state === 'waits' ? 'hold' : 'no'}">${
    standing.state === 'unknown' ? tag('not known', 'no') : tag(word, tones[standing.state])
  } ${standing.state === 'unknown' ? standing.why : standing.text}<br>${signed.length === 0 ? 'Nobody has signed yet' : html`Signed by <strong>${signed.join(', ')}</strong>`}${
    declines.length > 0 && html`; declined by <strong>${declines.flatMap(({ persons }) => persons).join(', ')}</strong>`
  }. Valid until ${time(ratification.expires)}.${review !== null && html` <span id="review">${capital(review)}.</span>`} <a href="#standing">All of it</a>${standing.state === 'waits' && unsignable === null && html` · <a href="#decide">Decide</a>`}</p>`;
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Beside the reading that was recorded with the proposal: a host that believed it would show what somebody planted. */
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
  return html`<section id="fresh"><h2>Production, as this host reads it now</h2><p class="soft">Compare it with the reading in the dossier, which was recorded with the proposal.</p>${body}</section>`;
}

/** How it stands, for who listens. */
function saidOf({ standing, declines }: StatementView): readonly string[] {
  if (standing.state === 'unknown') return [`not known: ${standing.why}`];
  const { state, text, persons } = standing;
  return [
    state === 'waits' ? `Waits: ${text}` : state === 'open' ? 'Open: every seat is filled' : `Closed: ${text}`,
    persons.length === 0 ? 'Nobody has signed yet' : `Signed by ${persons.join(', ')}`,
    ...declines.map((one) => `Declined by ${one.persons.join(', ')}: ${one.reason}`),
  ];
}

function standingHtml({ standing, ratification, declines, statement }: StatementView): Html {
  const state =
    standing.state === 'unknown'
      ? html`${tag('not known', 'no')} ${standing.why}`
      : html`${tag(standing.state === 'waits' ? 'waits for signatures' : standing.state, tones[standing.state])} ${standing.text}`;
  return html`<section id="standing"><h2>Who has signed, and what is missing</h2><p>${state}</p>${facts([
    [
      'Signed',
      standing.state === 'unknown' || standing.persons.length === 0 ? 'nobody yet' : standing.persons.join(', '),
    ],
    ['Valid', html`${time(ratification.notBefore)} to ${time(ratification.expires)}`],
    ['Rehearsed', time(ratification.rehearsedAt)],
    ['Opens', explainOpens(ratification.opens)],
    [
      'Rolled out',
      standing.state === 'unknown' || standing.done.length === 0
        ? 'nothing of it'
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
      : html`<p class="soft">${standing.state === 'open' ? 'Every seat is filled: nothing is left to sign.' : 'It cannot be ratified now.'}</p>`
  }</div><div class="cards"><details class="card"><summary>Decline</summary><p>Says that you will not ratify, and why. It closes nothing by itself.</p><form data-act="${here}/decline" autocomplete="off">${reason('decline-reason')}<div class="row">${code('decline-code')}<button>Decline with my passkey</button></div><output role="status"></output></form></details><details class="card" id="revoke"${standing.state === 'unknown' || standing.persons.length === 0 ? html` hidden` : null}><summary>Revoke</summary><p>Closes the way forward at once, for everybody. One enrolled person is enough; the way back stays open.</p><form data-act="${here}/revoke" autocomplete="off">${reason('revoke-reason')}<div class="row">${code('revoke-code')}<button class="danger">Revoke with my passkey</button></div><output role="status"></output></form></details></div>`;
  return html`<section id="decide" class="noprint"><h2>Decide</h2>${needsScript}<p>Your passkey shows only the name of this site; what you sign is the statement with these digits:</p>${comparable(digits)}<p>Compare them with what somebody else sees, in a terminal or on another device, then type the first six.</p>${
    unsignable === null ? forms : html`<p>${tag('not here', 'no')} ${unsignable}</p>`
  }<details><summary>The statement, to the byte</summary><pre data-signed tabindex="0" id="statement">${body}</pre></details></section>`;
}
