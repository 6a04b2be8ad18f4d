import { ofWhich } from '../../rehearsal/index.ts';
import { type Dossier, leastOf, type LockSpan, type DossierPart, type Risk, type Weight } from '../dossier.ts';
import { bytes, figureText, ms } from './figures.ts';
import { type DossierView } from './view.ts';
import { reviewHtml } from './review-html.ts';
import { statements } from './statements.ts';
import {
  facts,
  folded,
  type Hole,
  type Html,
  html,
  lines,
  list,
  lockFigure,
  path,
  table,
  tag,
  time,
  type Tone,
} from '../../html/index.ts';

const tones: Readonly<Record<Weight, Tone>> = { stop: 'no', think: 'hold', know: 'info' };
const weights: Readonly<Record<Weight, string>> = { stop: 'stop', think: 'consider', know: 'note' };
/** Where the links above the dossier lead. */
const contents = [
  ['back', 'Rollback'],
  ['changes', 'Changes'],
  ['time', 'Time'],
  ['locks', 'Who waits'],
  ['production', 'Production now'],
  ['outside', 'Outside'],
  ['statements', 'SQL'],
  ['options', 'Options, reviews'],
  ['people', 'Authors'],
  ['evidence', 'Evidence'],
] as const;

/** Draws the dossier: risk first, measured facts, detail on demand, the exact text last; with the page's own parts above and below the tiles, and its anchors. */
export function dossierHtml(
  view: DossierView,
  page: {
    readonly top?: Html;
    readonly below?: Html;
    readonly more?: readonly (readonly [id: string, name: string])[];
  } = {},
): Html {
  const { dossier } = view;
  const { release } = dossier;
  return html`<header><p class="soft">${release.name} for ${dossier.target}, database ${release.database}</p><h1>${release.title}</h1></header>
${page.top ?? null}
${summary(dossier)}
${copied(dossier)}
${page.below ?? null}${
  (release.summary !== '' || dossier.links !== undefined) &&
  html`<details><summary>What its authors say</summary><p>${release.summary}</p>${links(dossier)}<p class="hint">Everything else on this page was measured on a clone of production.</p></details>`
}
<nav class="noprint soft" aria-label="Parts of the dossier"><p>${[...contents, ...(page.more ?? [])].map(([id, name], index) => html`${index > 0 && ' · '}<a href="#${id}">${name}</a>`)}</p></nav>
${part('risks', 'What can go wrong', risks(dossier.risks))}
${part('back', 'Rollback', wayBack(dossier))}
${part('changes', 'What changes', changes(dossier))}
${part('time', 'Time and cost', timing(dossier))}
${part('locks', 'Who waits', locks(dossier.locks))}
${part('production', 'Production now', production(dossier))}
${part('outside', 'Effects outside of the database, and variation', around(dossier))}
${part('statements', 'The SQL', statements(view))}
${part('options', 'Alternatives and reviews', options(dossier))}
${part('people', 'Who prepared it', people(dossier))}
${part('evidence', 'Evidence', evidence(view))}`;
}

/** Where the copy came from, and how old it was; all of it is with the evidence. */
const copied = ({ rehearsal }: Dossier): Html =>
  html`<p class="soft">Rehearsed on a ${rehearsal.golden.origin.slice(0, 2).join('; ')}. <a href="#evidence">More on the copy</a></p>`;

/** The address is shown in full: its authors wrote the title. */
const links = ({ links: all = [] }: Dossier): Html | false =>
  all.length > 0 &&
  html`<ul>${all.map(({ title, url }) => html`<li>${title}: <a href="${url}" target="_blank" rel="noopener noreferrer nofollow">${url}</a></li>`)}</ul>`;

function part(id: DossierPart, title: string, body: Html): Html {
  return html`<section id="${id}"><h2>${title}</h2>${body}</section>`;
}

function summary(dossier: Dossier): Html {
  const { risks: all, back, time: took, changes: made, locks: spans } = dossier;
  const least = leastOf(dossier);
  const longest = spans
    .filter(({ blocks }) => blocks !== 'schema changes')
    .toSorted((one, other) => other.heldMs - one.heldMs)[0];
  const rows = made.rows.reduce((sum, { up }) => sum + up.inserted + up.updated + up.deleted, 0);
  const stops = all.filter(({ weight }) => weight === 'stop').length;
  const card = (name: string, big: string, tone: Tone, small: Hole): Html =>
    html`<div class="card"><span class="soft">${name}</span><span class="big ${tone}">${big}</span><small>${small}</small></div>`;
  return html`<div class="cards tight">${card(
    'Risks',
    stops === 0
      ? all.some(({ weight }) => weight === 'think')
        ? 'To consider'
        : 'None found'
      : `${stops} to stop for`,
    stops > 0 ? 'no' : all.some(({ weight }) => weight === 'think') ? 'hold' : 'go',
    `${all.length} in all, measured`,
  )}${card(
    'Rollback',
    back.verdict === 'not proven' ? 'Not proven' : back.oneWay.length > 0 ? 'Not for all' : 'Proven',
    back.verdict === 'not proven' ? 'no' : back.oneWay.length > 0 ? 'hold' : 'go',
    back.verdict === 'not proven' ? back.how : `${back.verdict} equality of schema and rows`,
  )}${card(
    'Time',
    `${least}${ms(took.forwardMs)}`,
    'plain',
    took.range.rehearsals > 1
      ? `${ms(took.range.leastMs)} to ${ms(took.range.mostMs)} in ${took.range.rehearsals} rehearsals`
      : 'in one rehearsal',
  )}${card(
    'Longest wait for others',
    longest === undefined ? 'None' : `${least}${ms(longest.heldMs)}`,
    longest === undefined ? 'go' : 'plain',
    longest === undefined
      ? 'no lock that blocks reads or writes'
      : `${longest.mode} on ${longest.relation}${ofWhich(longest.gateMs, ms)}`,
  )}${card('Rows written', figureText(rows), 'plain', `${made.rows.length === 1 ? '1 relation' : `${made.rows.length} relations`}; ${made.objects === null ? 'objects not compared' : `${made.objects.length === 1 ? '1 object' : `${made.objects.length} objects`} changed`}`)}</div>`;
}

function risks(all: readonly Risk[]): Html {
  if (all.length === 0) return html`<p>${tag('none found', 'go')} No rule found a risk.</p>`;
  return html`<ul class="bare">${all.map(
    ({ weight, title, text, part: more }) =>
      html`<li class="note ${weight === 'stop' ? 'no' : weight === 'think' ? 'hold' : ''}">${tag(weights[weight], tones[weight])} <strong>${title}</strong><br>${text} <a href="#${more}" aria-label="More about: ${title}">more</a></li>`,
  )}</ul>`;
}

function wayBack({ back, release }: Dossier): Html {
  const tone: Tone = back.verdict === 'not proven' ? 'no' : 'go';
  return html`<p>${tag(back.verdict === 'not proven' ? 'not proven' : `proven, ${back.verdict}`, tone)} ${back.how}</p><p class="soft">Release ${release.name} requires ${back.requires} equality.</p>${
    back.oneWay.length > 0 &&
    html`<h3>Tiers without a rollback</h3>${list(back.oneWay.map(({ tier, reason }) => html`<strong>${tier}</strong>: ${reason}`))}`
  }<h3>What users lose in a rollback after an hour</h3>${folded(
    back.losses.map(({ relation, text }) => html`<code>${relation}</code>: ${text}`),
    'Nothing that they wrote, according to the measurements.',
  )}<h3>Not proven</h3>${folded(
    back.notProven.map(({ relation, reason }) => html`<code>${relation}</code>: ${reason}`),
    'Nothing: the whole schema and all rows were compared.',
  )}${
    back.differences.length > 0 &&
    html`<h3>Differences after the rollback</h3>${folded(back.differences.map(difference))}<p class="soft">${back.differenceCount === 1 ? '1 property differs' : `${figureText(back.differenceCount)} properties differ`} in all</p>`
  }${back.leftovers.length > 0 && html`<h3>Left behind</h3>${folded(back.leftovers)}`}`;
}

/** One thing that differs; where a definition does, with its lines. */
function difference(text: string): Html {
  const [first = '', ...more] = text.split('\n');
  return html`${first}${more.length > 0 && html`<pre tabindex="0" aria-label="Where it differs">${lines(more.join('\n'))}</pre>`}`;
}

function changes({ changes: of }: Dossier): Html {
  const { objects, objectCount, rows, lost = [], emptied = [], unmatched = [], behind = [] } = of;
  const known = objects ?? [];
  const kinds = [...new Set(known.map(({ kind }) => kind))];
  const sum = (of: { inserted: number; updated: number; deleted: number }): string =>
    [
      of.inserted > 0 && `+${figureText(of.inserted)}`,
      of.updated > 0 && `~${figureText(of.updated)}`,
      of.deleted > 0 && `−${figureText(of.deleted)}`,
    ]
      .filter((one) => one !== false)
      .join('  ') || '0';
  return html`<h3>Objects</h3>${
    objects === null
      ? html`<p>${tag('not compared', 'no')} The rehearsal did not record its changes: rehearse again.</p>`
      : objects.length === 0
        ? html`<p class="soft">No object of the schema changes.</p>`
        : null
  }${kinds.map((kind) => {
    const of = known.filter((one) => one.kind === kind);
    return html`<details${of.length <= 12 ? html` open` : null}><summary>${kind} <span class="soft">${of.length}</span></summary><ul>${of.map(
      ({ name, change, properties }) =>
        html`<li>${tag(change, change === 'dropped' ? 'no' : change === 'changed' ? 'hold' : 'plain')} <code>${name}</code>${
          properties.length > 0 &&
          html`<ul>${properties.map((one) => html`<li>${one.name}: <code>${one.before}</code> → <code>${one.after}</code></li>`)}</ul>`
        }</li>`,
    )}</ul></details>`;
  })}${objectCount > known.length && html`<p class="soft">and ${objectCount - known.length} more objects</p>`}${lost.length > 0 && html`<h3>Recreated without a property that it had</h3>${folded(lost)}`}<h3>Rows</h3>${table(
    {
      caption: '+ inserted, ~ updated, − deleted',
      columns: [{ head: 'Table' }, { head: 'Forward', kind: 'number' }, { head: 'Back', kind: 'number' }],
      rows: rows.map(({ relation, up, down }) => [html`<code>${relation}</code>`, sum(up), sum(down)]),
      none: 'No row is written.',
    },
  )}${(
    [
      ['Emptied', emptied],
      ['Changed no row', unmatched],
      ['Sequences that are behind', behind],
    ] as const
  ).map(([head, texts]) => texts.length > 0 && html`<h3>${head}</h3>${folded(texts)}`)}`;
}

function timing(dossier: Dossier): Html {
  const { time: took, tiers } = dossier;
  const { range } = took;
  const least = leastOf(dossier);
  return html`${facts([
    ['Forward', `${least}${ms(took.forwardMs)}`],
    [
      'Range',
      range.rehearsals > 1
        ? `${ms(range.leastMs)} to ${ms(range.mostMs)}, in ${range.rehearsals} rehearsals`
        : 'one rehearsal: rehearse again to see the range',
    ],
    ['Back', took.backMs === null ? 'not measured' : `${least}${ms(took.backMs)}`],
    ['WAL', `${least}${bytes(took.walBytes)}`],
    [
      'Rewritten',
      took.rewrites.length === 0
        ? 'no table'
        : took.rewrites
            .map(({ relation, bytes: size }) => `${relation}${size === null ? '' : ` (${bytes(size)})`}`)
            .join(', '),
    ],
  ])}${table({
    columns: [
      { head: 'Tier' },
      { head: 'Statements', kind: 'number' },
      { head: 'Time', kind: 'number' },
      { head: 'Data gates' },
    ],
    rows: tiers.map((tier) => [
      html`${tier.id} ${tier.barred !== null && tag('barred', 'no')} ${tier.oneWay !== null && tag('one-way', 'hold')}`,
      tier.up.length,
      tier.durationMs === null ? 'not reached' : `${least}${ms(tier.durationMs)}`,
      tier.gates.join('; '),
    ]),
  })}${took.caveats.length > 0 && html`<h3>What these figures do not show</h3>${list(took.caveats)}`}`;
}

function locks(spans: readonly LockSpan[]): Html {
  return html`<p class="soft">Locks on existing tables, from the time when each was taken to the end of its transaction. The gate's own checks, which run before COMMIT, are included if they were measured.</p>${lockFigure({ title: 'Locks over time', spans })}`;
}

function production({ now }: Dossier): Html {
  if (!now.read) return html`<p>${tag('not read', 'no')} ${now.why}</p>`;
  return html`<p>Read ${time(now.at)}: ${tag(now.schema, now.schema === 'as rehearsed' ? 'go' : 'no')}</p>${table({
    columns: [{ head: 'Metric' }, { head: 'Now', kind: 'number' }, { head: 'Expected' }, { head: 'Holds' }],
    rows: now.metrics.map((one) => [
      html`<code>${one.name}</code>${one.title !== one.name && html` <span class="soft">${one.title}</span>`}`,
      one.value === null ? 'not measured' : figureText(one.value),
      one.expected ?? '',
      one.holds === null ? '' : tag(one.holds ? 'holds' : 'does not hold', one.holds ? 'go' : 'no'),
    ]),
    none: 'The release names no metric.',
  })}${
    now.gates.length > 0 &&
    html`<h3>Gates on data</h3>${list(now.gates.map((gate) => html`${tag(gate.state, gate.state === 'open' ? 'go' : 'no')} ${gate.title}: ${gate.text}`))}`
  }<h3>Sessions that it would wait for</h3>${list(now.blockers, 'None at that time.')}${now.unseen !== null && html`<p class="note hold">${now.unseen}</p>`}<p class="soft">${now.harmless}</p>`;
}

function around({ outside }: Dossier): Html {
  const { dispatch, varies } = outside;
  return html`<h3>External dispatch</h3>${list(dispatch, 'None.')}${outside.declared !== null && html`<p class="note hold">The release declares that it reaches outside of the database: ${outside.declared}</p>`}${outside.unmeasured.length > 0 && html`<h3>Not measured</h3>${list(outside.unmeasured)}`}<h3>What may differ between two runs</h3>${list(varies, 'Nothing: two differently prepared forward runs ended in the same state.')}`;
}

function options({ options: ways, reviews }: Dossier): Html {
  return html`${table({
    columns: [{ head: 'Alternative' }, { head: 'Decision' }, { head: 'Why' }, { head: 'On a clone' }],
    rows: ways.map(({ id, title, decision, reason, trial }) => [html`${id}: ${title}`, decision, reason, trial]),
    none: 'No alternative was recorded.',
  })}<h3>Reviews (advice: they fill no seat)</h3>${list(reviews.map(reviewHtml), 'None.')}`;
}

function people({ authors }: Dossier): Html {
  return list(
    authors.map(
      ({ name, kind, instructedBy }) =>
        html`<strong>${name}</strong> (${kind})${instructedBy !== null && html`, instructed by <strong>${instructedBy}</strong>`}`,
    ),
    'The release names no author.',
  );
}

function evidence({ dossier, text, textDigest }: DossierView): Html {
  return html`<h3>The copy that was rehearsed on</h3>${list(dossier.rehearsal.golden.origin)}${table({
    columns: [{ head: 'Kind' }, { head: 'Recorded' }, { head: 'Digest' }],
    rows: dossier.evidence.map(({ kind, digest, recordedAt }) => [
      kind,
      time(recordedAt),
      html`<a href="${path('evidence', digest)}"><code>${digest.slice(7, 19)}</code></a>`,
    ]),
  })}<details><summary>The exact text that is signed</summary><p class="soft">The text of this page: its digest <code>${textDigest}</code> is in the statement.</p><pre tabindex="0" id="text">${lines(text)}</pre></details>`;
}
