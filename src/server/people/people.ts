import { digestOf, type Document, type Html, html, list, path, table, tag, time } from '../../page/index.ts';
import { policyDigest, registryDigest } from '../../gate/index.ts';
import { couldFill, differenceText, type InForce } from '../../web/index.ts';
import { type Reading } from './bases.ts';
import { changesHtml, draftHtml, proposeHtml } from './draft.ts';
import { personsTable } from './persons.ts';
import { followPanel } from '../follow.ts';
import { peopleScript } from './script.ts';
import { type PeopleView } from './view.ts';
import { button, policyHtml, saidOfChange } from './words.ts';

/** Draws who there is, what they may do, and what is on its way. */
export function peoplePage(view: PeopleView): Document {
  const { readings, files, drafts, policy } = view;
  const groups = groupsOf(readings);
  return {
    title: 'People',
    script: peopleScript,
    ...(policy !== null && !policy.production
      ? {
          banner: html`<p class="warn">NOT FOR PRODUCTION: policy ${policy.name} opens no production database.</p>`,
        }
      : {}),
    main: html`<h1>People</h1><p class="lead">Who may open a gate, with which key, and by which rules. ${
      groups.length === 0
        ? 'No target that answers has anybody in force.'
        : 'What is in force, the gate itself says; nothing on this page changes it without the quorum.'
    }</p><div hidden><output id="said" role="status"></output></div>${followPanel({
      what: { mark: view.mark },
      parts: ['changes', 'force', 'drafts', 'invitations'],
      said: saidOf(view, groups),
      gone: 'This page is not there any more.',
    })}<div id="changes">${changesHtml(view)}</div><div id="force">${groups.map((group) => inForceHtml(group, view))}${unknownHtml(readings)}${
      files !== null && groups.length === 0 && presentHtml(files, view)
    }</div><div id="drafts">${drafts.map((draft) => draftHtml(draft, view))}</div>${inviteHtml(view)}${groups.length > 0 && proposeHtml()}${adoptHtml(readings)}`,
  };
}

/** How it stands, for who listens. */
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

interface Group extends InForce {
  readonly targets: readonly string[];
}

/** Targets with the same people and the same rules are one. */
function groupsOf(readings: readonly Reading[]): readonly Group[] {
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
  return html`<section><h2>In force on ${where}</h2><p>${tag('in force', 'go')} registry version ${registry.version} ${digestOf(digest)}, policy ${policy.name} ${digestOf(policyDigest(policy))} · <a href="${path('people', 'targets', targets[0] ?? '', 'registry.json')}">registry.json</a></p>${personsTable(group, { follows, before: null })}${seatsHtml(group)}<details><summary>The policy in words</summary>${policyHtml(policy)}</details></section>`;
}

function seatsHtml(present: InForce): Html {
  const { policy } = present;
  const line = (seat: InForce['policy']['seats'][number]): Html => {
    const who = couldFill(present, seat).map(({ name }) => name);
    return html`level ${seat.level}${seat.device === 'bound' && ', with a key that is bound to its device'}: ${who.length === 0 ? tag('nobody', 'no') : who.join(', ')}`;
  };
  return html`<div class="cards"><div class="card"><h3>Who can fill a seat</h3><ol>${policy.seats.map((seat) => html`<li>${line(seat)}</li>`)}</ol></div><div class="card"><h3>Who can be of the quorum</h3><ol>${policy.quorum.map((seat) => html`<li>${line(seat)}</li>`)}</ol></div></div>`;
}

/** Nothing is known of a target that was not reached, and that is what stands here. */
function unknownHtml(readings: readonly Reading[]): Html | null {
  const rest = readings.flatMap((one) => (one.state === 'in force' ? [] : [one]));
  if (rest.length === 0) return null;
  return html`<section><h2>${rest.length === readings.length ? 'Targets' : 'Other targets'}</h2>${list(
    rest.map((one) =>
      one.state === 'unknown'
        ? html`<strong>${one.target}</strong> ${tag('not reachable', 'no')} its people are not known: ${one.why}`
        : html`<strong>${one.target}</strong> ${tag('no gate', 'hold')} nothing is in force there: <code>oneroof install ${one.target}</code>`,
    ),
  )}</section>`;
}

function presentHtml(files: InForce, { changeable }: PeopleView): Html {
  return html`<section><h2>In the file</h2><p>${tag('not asked', 'hold')} No target could say who there is. This is what the file beside <code>oneroof.yaml</code> says: version ${files.registry.version} ${digestOf(registryDigest(files.registry))}.</p>${personsTable(files, { follows: changeable, before: null })}<details><summary>The policy in words</summary>${policyHtml(files.policy)}</details></section>`;
}

function inviteHtml({ uninvitable, invitations }: PeopleView): Html {
  const form = html`<form class="card" data-post="/people/invite" autocomplete="off"><input type="hidden" name="kind" value="person"><div class="cards"><div><label for="id">Id <span class="hint">lower case, stays</span></label><input id="id" name="id" required maxlength="63" pattern="[a-z0-9][a-z0-9._\\-]*" autocapitalize="none" spellcheck="false"></div><div><label for="name">Name</label><input id="name" name="name" required maxlength="100"></div><div><label for="level">Level <span class="hint">1 to 9</span></label><input id="level" name="level" type="number" min="1" max="9" required value="2"></div><div><label for="hours">Valid for</label><select id="hours" name="hours"><option value="1">one hour</option><option value="24" selected>one day</option><option value="72">three days</option></select></div></div><div class="row"><button class="primary">Make a link</button></div><output role="status"></output></form>`;
  return html`<section id="invite"><h2>Invite somebody</h2><p>A link lets its holder make one passkey, once; it opens no other page. Send it where nobody else reads it. What is made stands in a draft, and counts when the quorum has signed that: whoever signs looks whose key it is.</p><div class="note go" id="link" hidden><label for="url">The link <span class="hint">shown this once</span></label><textarea id="url" readonly rows="2"></textarea></div>${uninvitable === null ? form : html`<p>${tag('not here', 'no')} ${uninvitable}</p>`}<div id="invitations">${
    invitations.length > 0 &&
    html`<h3>Invitations that are open</h3>${table({
      columns: [{ head: 'For' }, { head: 'What' }, { head: 'Until' }, { head: 'Withdraw' }],
      rows: invitations.map(({ hash, enrolment: { id, name, level }, until }) => [
        html`${name ?? id}${name !== null && html` <code class="soft">${id}</code>`}`,
        level === null ? 'another device' : `somebody new, level ${level}`,
        time(until),
        button({ post: '/people/invitations/withdraw', words: { hash }, text: 'Withdraw' }),
      ]),
    })}`
  }</div></section>`;
}

/** Asking for it adopts nothing: the quorum does, on a page of its own. */
function adoptHtml(readings: readonly Reading[]): Html | null {
  const targets = readings.flatMap((one) => (one.state === 'in force' && one.endings !== null ? [one.target] : []));
  if (targets.length === 0) return null;
  return html`<details class="card" id="adopt"><summary>A database was restored or moved</summary><p>Compares it with the policy and registry beside oneroof.yaml and with the log, hands in again what the restore lost, and asks the quorum to take it as the target from now on. What was ratified before is then for another database.</p><form data-post="/people/adoptions" autocomplete="off"><label for="adopt-target">Target</label><select id="adopt-target" name="target">${targets.map((one) => html`<option>${one}</option>`)}</select><label for="adopt-reason">Why <span class="hint">signed, kept and shown</span></label><textarea id="adopt-reason" name="reason" required maxlength="1000"></textarea><button>Ask the quorum</button><p><output></output></p></form></details>`;
}
