import { printable } from '../../core/index.ts';
import { type DossierRecord } from '../../dossier/index.ts';
import { isOfKind, statementDigest } from '../../evidence/index.ts';
import {
  explainOpens,
  parseRegistryDocument,
  parseStatement,
  peopleKinds,
  type PeopleRecord,
  type ProposalRecord,
  type Ratification,
} from '../../people/index.ts';
import { explainDrift } from '../../fingerprint/index.ts';
import { type KnownEvidence } from '../../evidence-kinds/index.ts';
import { facts, folded, type Hole, type Html, html, path, table, tag, time } from '../../html/index.ts';
import { failureHtml, failureOf } from '../problems.ts';

/** What a piece of evidence says, for people; null where its kind is shown as JSON alone. */
export function drawEvidence(piece: Extract<KnownEvidence, { readable: true }>): Html | null {
  if (isOfKind(piece, ...peopleKinds)) return signedHtml(piece.body);
  if (isOfKind(piece, 'proposal')) return proposalHtml(piece.body);
  if (isOfKind(piece, 'dossier')) return dossierHtml(piece.body);
  const failure = isOfKind(piece, 'rehearsal') ? failureOf(piece.body) : null;
  return failure === null ? null : html`<h2>Why it failed</h2>${failureHtml(failure)}`;
}

type Fact = readonly [name: string, value: Hole];

/** The signers, by the registries in the record; the target, and everyone who verifies a bundle, decides which signatures count. */
function signedHtml(record: PeopleRecord): Html {
  const { statement, target } = record;
  const read = parseStatement(statement.body);
  const said: readonly Fact[] = !read.ok
    ? [['Statement', tag('unreadable', 'no')]]
    : read.statement.kind === 'ratification'
      ? windowOf(read.statement.predicate)
      : read.statement.kind === 'decline'
        ? [
            ['Why', read.statement.predicate.reason],
            ['Declined', statementLink(read.statement.predicate.statement)],
          ]
        : 'reason' in read.statement.predicate
          ? [['Why', read.statement.predicate.reason], ...adoptedFacts(record)]
          : [];
  const names = namesOf(record);
  return html`<h2>What was signed</h2>${facts([
    ['Target', target],
    [
      'Statement',
      statement.kind === 'ratification' ? statementLink(statement.digest) : html`<code>${statement.digest}</code>`,
    ],
    ['Handed in', time(statement.receivedAt)],
    ...said,
  ])}<h2>Who signed it</h2>${table({
    columns: [{ head: 'Person' }, { head: 'Handed in' }, { head: 'Passkey' }],
    rows: statement.signatures.map(({ credential, receivedAt }) => [
      names.get(credential) ?? tag('in none of its registries', 'no'),
      time(receivedAt),
      html`<code>${credential}</code>`,
    ]),
  })}`;
}

function adoptedFacts({ statement: { adopted }, compared }: PeopleRecord): readonly Fact[] {
  if (adopted === undefined) return [];
  return [
    ['Incarnation', html`<code>${adopted.before}</code> before, <code>${adopted.incarnation}</code> since`],
    ['Lost', compared === undefined ? 'not recorded' : compared.lost.join('; ') || 'nothing that the log knew'],
  ];
}

function namesOf({ rules }: PeopleRecord): ReadonlyMap<string, string> {
  const registries = [
    rules.first.registry,
    ...rules.links.filter(({ kind }) => kind === 'registry').map(({ document }) => document),
  ];
  const names = new Map<string, string>();
  for (const text of registries) {
    const read = parseRegistryDocument({ text, file: 'the registry of the record' });
    if (!read.ok) continue;
    for (const { name, keys, level } of read.value.persons)
      for (const { credential, device } of keys) names.set(credential, `${name}, level ${level}, key ${device}`);
  }
  return names;
}

function proposalHtml({ target, body: text, accepts = [] }: ProposalRecord): Html | null {
  const read = parseStatement(text);
  if (!read.ok || read.statement.kind !== 'ratification') return null;
  return html`<h2>What people were asked to sign</h2>${facts([
    ['Target', target],
    ['Statement', statementLink(statementDigest(text))],
    ...windowOf(read.statement.predicate),
    ...accepts.map((one): Fact => ['Accepts', printable(explainDrift(one))]),
  ])}<p class="soft">It opens nothing by itself: signatures do.</p>`;
}

function windowOf(said: Ratification): readonly Fact[] {
  return [
    ['Opens', explainOpens(said.opens)],
    ['Valid', html`${time(said.notBefore)} to ${time(said.expires)}`],
    ['Rehearsed', time(said.rehearsedAt)],
    ['Fill no seat', said.authors.join(', ') || 'no one: the release names no author'],
    ['Policy', html`<code>${said.policy}</code>`],
    ['Registry', html`version ${said.registry.version}, <code>${said.registry.digest}</code>`],
    ['Databases', said.targets.size],
    [
      'Based on',
      said.evidence.map(
        ({ kind, digest }) =>
          html`<a href="${path('evidence', digest)}">${kind} <code>${digest.slice(7, 19)}</code></a> `,
      ),
    ],
  ];
}

function dossierHtml({ dossier }: DossierRecord): Html {
  return html`<h2>What an approver is shown</h2>${facts([
    ['Target', dossier.target],
    ['Written', time(dossier.writtenAt)],
    [
      'Rollback',
      dossier.back.verdict === 'not proven' ? tag('not proven', 'no') : tag(`proven, ${dossier.back.verdict}`, 'go'),
    ],
  ])}<h3>What can go wrong</h3>${folded(
    dossier.risks.map(({ title, text }) => html`<strong>${title}</strong> ${text}`),
    'No rule found anything to think about.',
  )}<p class="soft">The page of the statement that names it shows all of it.</p>`;
}

function statementLink(digest: string): Html {
  return html`<a href="${path('statements', digest)}"><code>${digest}</code></a>`;
}
