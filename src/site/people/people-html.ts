import { digestOf, type Document, type Html, html, list, path, table, tag, time } from '../../html/index.ts';
import { policyDigest, registryDigest } from '../../people/index.ts';
import { couldFill, differenceText, type PolicyAndRegistry, productionBanner } from '../../signing/index.ts';
import { type PeopleReading } from './bases.ts';
import { changesHtml, draftHtml, proposeHtml } from './draft-html.ts';
import { personsTable } from './persons.ts';
import { followPanel } from '../follow.ts';
import { notHere } from '../signing.ts';
import { type PeopleView } from './people-view.ts';
import { button, policyHtml, saidOfChange } from './people-words.ts';

/** Draws the persons, their rights, and pending changes. */
export function peoplePage(view: PeopleView): Document {
  const { readings, files, drafts, policy } = view;
  const groups = groupsOf(readings);
  return {
    title: 'People',
    script: 'people',
    ...(policy === null ? {} : productionBanner(policy)),
    main: html`<h1>People</h1><p class="lead">Who may open a gate, with which key, and by which rules. ${
      groups.length === 0
        ? 'No target that answers has a registry in force.'
        : 'The gate itself says what is in force; nothing on this page changes it without the quorum.'
    }</p><div hidden><output id="said" role="status"></output></div>${followPanel({
      what: { mark: view.mark },
      parts: ['changes', 'force', 'drafts', 'invitations'],
      said: saidOf(view, groups),
      gone: 'This page no longer exists.',
    })}<div id="changes">${changesHtml(view)}</div><div id="force">${groups.map((group) => inForceHtml(group, view))}${unknownHtml(readings)}${
      files !== null && groups.length === 0 && presentHtml(files, view)
    }</div><div id="drafts">${drafts.map((draft) => draftHtml(draft, view))}</div>${inviteHtml(view)}${groups.length > 0 && proposeHtml()}${adoptHtml(readings)}`,
  };
}

/** The state, for screen readers. */
function saidOf({ changes, drafts, invitations }: PeopleView, groups: readonly Group[]): readonly string[] {
  return [
    ...groups.map(
      ({ registry, policy, targets }) =>
        `In force on ${targets.join(', ')}: registry version ${registry.version}, policy ${policy.name}`,
    ),
    ...(changes.length === 0 ? ['Nothing waits for the quorum'] : changes.flatMap(saidOfChange)),
    ...(drafts.length === 0 ? ['No draft'] : []),
    ...drafts.flatMap(({ draft, differences }) => [
      `Draft of registry version ${draft.version}: ${draft.persons.length} persons`,
      ...differences.map((one) => `Draft of registry version ${draft.version}: ${differenceText(one)}`),
    ]),
    `Open invitations: ${invitations.length}`,
  ];
}

interface Group extends PolicyAndRegistry {
  readonly targets: readonly string[];
}

/** Targets with the same people and the same rules are one. */
function groupsOf(readings: readonly PeopleReading[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const reading of readings) {
    if (reading.state !== 'in force') continue;
    const { target, policy, registry } = reading;
    const key = `${registryDigest(registry)} ${policyDigest(policy)}`;
    groups.set(key, { policy, registry, targets: [...(groups.get(key)?.targets ?? []), target] });
  }
  return [...groups.values()];
}

function inForceHtml(group: Group, { changeable }: PeopleView): Html {
  const { targets, registry, policy } = group;
  const where = targets.join(', ');
  const digest = registryDigest(registry);
  const follows = changeable === digest ? digest : null;
  return html`<section><h2>In force on ${where}</h2><p>${tag('in force', 'go')} registry version ${registry.version} ${digestOf(digest)}, policy ${policy.name} ${digestOf(policyDigest(policy))} · <a href="${path('people', 'targets', targets[0] ?? '', 'registry.json')}">registry.json</a></p>${personsTable(group, { follows, before: null })}${seatsHtml(group)}<details><summary>The policy as text</summary>${policyHtml(policy)}</details></section>`;
}

function seatsHtml(present: PolicyAndRegistry): Html {
  const { policy } = present;
  const line = (seat: PolicyAndRegistry['policy']['seats'][number]): Html => {
    const who = couldFill(present, seat).map(({ name }) => name);
    return html`level ${seat.level}${seat.device === 'bound' && ', with a key that is bound to its device'}: ${who.length === 0 ? tag('nobody', 'no') : who.join(', ')}`;
  };
  return html`<div class="cards"><div class="card"><h3>Who can fill a seat</h3><ol>${policy.seats.map((seat) => html`<li>${line(seat)}</li>`)}</ol></div><div class="card"><h3>Who can be of the quorum</h3><ol>${policy.quorum.map((seat) => html`<li>${line(seat)}</li>`)}</ol></div></div>`;
}

/** Says that nothing is known of a target that was not reached. */
function unknownHtml(readings: readonly PeopleReading[]): Html | null {
  const rest = readings.flatMap((one) => (one.state === 'in force' ? [] : [one]));
  if (rest.length === 0) return null;
  return html`<section><h2>${rest.length === readings.length ? 'Targets' : 'Other targets'}</h2>${list(
    rest.map((one) =>
      one.state === 'unknown'
        ? html`<strong>${one.target}</strong> ${tag('not reachable', 'no')} its persons are unknown: ${one.why}`
        : html`<strong>${one.target}</strong> ${tag('no gate', 'hold')} nothing is in force there: <code>oneroof install ${one.target}</code>`,
    ),
  )}</section>`;
}

function presentHtml(files: PolicyAndRegistry, { changeable }: PeopleView): Html {
  return html`<section><h2>In the file</h2><p>${tag('not asked', 'hold')} No target could say which persons there are. This is what the file beside <code>oneroof.yaml</code> says: version ${files.registry.version} ${digestOf(registryDigest(files.registry))}.</p>${personsTable(files, { follows: changeable, before: null })}<details><summary>The policy as text</summary>${policyHtml(files.policy)}</details></section>`;
}

function inviteHtml({ uninvitable, invitations }: PeopleView): Html {
  const form = html`<form class="card" data-post="/people/invite" autocomplete="off"><input type="hidden" name="kind" value="person"><div class="cards"><div><label for="id">Id <span class="hint">lower case, stays</span></label><input id="id" name="id" required maxlength="63" pattern="[a-z0-9][a-z0-9._\\-]*" autocapitalize="none" spellcheck="false"></div><div><label for="name">Name</label><input id="name" name="name" required maxlength="100"></div><div><label for="level">Level <span class="hint">1 to 9</span></label><input id="level" name="level" type="number" min="1" max="9" required value="2"></div><div><label for="hours">Valid for</label><select id="hours" name="hours"><option value="1">one hour</option><option value="24" selected>one day</option><option value="72">three days</option></select></div></div><div class="row"><button class="primary">Make a link</button></div><output role="status"></output></form>`;
  return html`<section id="invite"><h2>Invite a person</h2><p>A link lets its holder make one passkey, once; it opens no other page. Send it where no one else can read it. The passkey is added to a draft, and counts when the quorum has signed the draft: the signers check whose key it is.</p><div class="note go" id="link" hidden><label for="url">The link <span class="hint">shown this once</span></label><textarea id="url" readonly rows="2"></textarea></div>${uninvitable === null ? form : notHere(uninvitable)}<div id="invitations">${
    invitations.length > 0 &&
    html`<h3>Open invitations</h3>${table({
      columns: [{ head: 'For' }, { head: 'What' }, { head: 'Until' }, { head: 'Withdraw' }],
      rows: invitations.map(({ hash, enrolment: { id, name, level }, until }) => [
        html`${name ?? id}${name !== null && html` <code class="soft">${id}</code>`}`,
        level === null ? 'another device' : `new person, level ${level}`,
        time(until),
        button({ post: '/people/invitations/withdraw', words: { hash }, text: 'Withdraw' }),
      ]),
    })}`
  }</div></section>`;
}

/** Asking for it adopts nothing: the quorum does, on a page of its own. */
function adoptHtml(readings: readonly PeopleReading[]): Html | null {
  const targets = readings.flatMap((one) => (one.state === 'in force' && one.endings !== null ? [one.target] : []));
  if (targets.length === 0) return null;
  return html`<details class="card" id="adopt"><summary>A database was restored or moved</summary><p>Compares it with the policy and registry beside oneroof.yaml and with the log, hands in again what the restore lost, and asks the quorum to accept it as the target from now on. Earlier ratifications are then for another database.</p><form data-post="/people/adoptions" autocomplete="off"><label for="adopt-target">Target</label><select id="adopt-target" name="target">${targets.map((one) => html`<option>${one}</option>`)}</select><label for="adopt-reason">Why <span class="hint">signed, kept and shown</span></label><textarea id="adopt-reason" name="reason" required maxlength="1000"></textarea><button>Ask the quorum</button><p><output></output></p></form></details>`;
}
