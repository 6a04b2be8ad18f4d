import { type Digest, type Instant, OneRoofError } from '../core/index.ts';
import { ofKind, type Piece, type SshKey } from '../evidence/index.ts';
import { explainMore, explainNode, heaviest, nodeLines } from '../fingerprint/index.ts';
import { explainNotifications, explainProof, explainRole, reachedOut, type Rehearsal } from '../rehearsal/index.ts';
import { type Release, type SealedRelease } from '../release/index.ts';
import { type Dossier, type Production } from './dossier.ts';
import { lossesOf } from './losses.ts';
import { locksOf, rowsOf, stepsOf, tiersOf, timeOf } from './measures.ts';
import { type DossierEvidence } from './record.ts';
import { risksOf } from './risks.ts';

/** What a dossier is written from. */
export interface DossierSource {
  readonly sealed: SealedRelease;
  /** What was recorded of this seal. */
  readonly evidence: readonly DossierEvidence[];
  /** The target's name. */
  readonly target: string;
  /** The policy's. */
  readonly production: boolean;
  readonly reading: Production;
  readonly now: Instant;
  /** Who signed the entry of an index; absent: not known. */
  readonly signerOf?: (index: number) => SshKey | null;
}

/** The rehearsal that a dossier speaks of: the newest that passed, with what came after it. */
export interface Subject {
  readonly digest: Digest;
  /** Of its entry. */
  readonly index: number;
  readonly body: Rehearsal;
  /** All that passed, this one among them. */
  readonly passed: readonly Rehearsal[];
  /** Later ones that failed or cannot be read. */
  readonly doubts: readonly string[];
  /** Earlier ones that cannot be read. */
  readonly unread: number;
}

/**
 * Finds the rehearsal that a dossier of this seal is written from.
 *
 * Errors  NOT_REHEARSED.
 */
export function subjectOf(sealed: SealedRelease, evidence: readonly DossierEvidence[]): Subject {
  const all = ofKind(evidence, 'rehearsal').filter(({ entry }) => entry.seal === sealed.seal);
  const passed = all.flatMap((piece) => (piece.readable && piece.body.outcome === 'passed' ? [piece] : []));
  const subject = passed.at(-1);
  if (subject === undefined)
    throw new OneRoofError('NOT_REHEARSED', {
      problem: `no rehearsal of ${sealed.release.name} with this seal has passed`,
      fix: 'oneroof rehearse --golden, and mend what it finds',
    });
  const place = all.indexOf(subject);
  return {
    digest: subject.entry.digest,
    index: subject.entry.index,
    body: subject.body,
    passed: passed.map(({ body }) => body),
    doubts: all.slice(place + 1).flatMap(doubtsOf),
    unread: all.slice(0, place).filter(({ readable }) => !readable).length,
  };
}

/** One that cannot be read is not passed over: what it says is not known. */
function doubtsOf(piece: Piece<'rehearsal', Rehearsal>): readonly string[] {
  if (!piece.readable)
    return [`a later rehearsal, recorded at ${piece.entry.recordedAt} and not readable: ${piece.reason}`];
  const { outcome, endedAt, problems } = piece.body;
  if (outcome === 'passed') return [];
  return [`a later rehearsal failed, at ${endedAt}: ${problems[0]?.code ?? ''}: ${problems[0]?.problem ?? ''}`];
}

/**
 * Builds what an approver is shown from the sealed release and measured facts.
 *
 * Errors  NOT_REHEARSED.
 * Source  docs/FORMAT.md "Dossier".
 */
export function buildDossier(source: DossierSource): Dossier {
  const { sealed, evidence, target, production, reading, now, signerOf } = source;
  const { release, seal } = sealed;
  const { body, digest, index, passed, doubts, unread } = subjectOf(sealed, evidence);
  const sealedAt = sealedAtOf(evidence, body);
  const facts: Omit<Dossier, 'risks'> = {
    version: 1,
    writtenAt: now,
    production,
    release: {
      name: release.name,
      title: release.title,
      summary: release.summary,
      database: release.database,
      seal,
      sealedAt,
    },
    target,
    authors: release.authors.map(({ name, kind, instructedBy }) => ({ name, kind, instructedBy })),
    back: backOf(release, body),
    changes: {
      objects: body.changes?.objects ?? null,
      objectCount: body.changes?.count ?? 0,
      ...lostOf(body),
      rows: rowsOf(release, body),
    },
    time: timeOf(release, body, { passed, unread }),
    locks: locksOf(release, body),
    now: reading,
    outside: outsideOf(release, body),
    tiers: tiersOf(release, body),
    options: optionsOf(release, body),
    reviews: release.reviews.map(({ by, finding, text }) => ({ by, finding, text })),
    rehearsal: {
      endedAt: body.endedAt,
      serverVersion: body.serverVersion,
      digest,
      measuredBy: measuredBy(index, { evidence, signerOf }),
      ...(body.role === undefined || body.role === null
        ? {}
        : { role: { text: explainRole(body.role), isRollouts: body.role.from !== 'administrator' } }),
      golden: {
        takenAt: body.golden.takenAt,
        provider: body.golden.provider,
        bytes: body.golden.bytes,
        proofLevel: body.golden.proofLevel,
      },
      problems: [...body.problems.map(({ code, problem }) => `${code}: ${problem}`), ...doubts],
    },
    evidence: evidence
      .filter(({ entry }) => cited.includes(entry.kind))
      .map(({ entry }) => ({ kind: entry.kind, digest: entry.digest, recordedAt: entry.recordedAt })),
  };
  return { ...facts, risks: risksOf(facts) };
}

/** When a release was sealed: when that was first recorded; where it was not, its rehearsal is the oldest trace of it. */
export function sealedAtOf(evidence: readonly DossierEvidence[], { startedAt }: Pick<Rehearsal, 'startedAt'>): Instant {
  return evidence.find(({ entry, readable }) => readable && entry.kind === 'seal')?.entry.recordedAt ?? startedAt;
}

/** Whether the key that recorded the rehearsal is one that recorded the seal: the author's own. */
function measuredBy(
  index: number,
  of: { readonly evidence: DossierSource['evidence']; readonly signerOf: DossierSource['signerOf'] | undefined },
): Dossier['rehearsal']['measuredBy'] {
  const signerOf = of.signerOf ?? (() => null);
  const measurer = signerOf(index);
  const authors = ofKind(of.evidence, 'seal').map(({ entry }) => signerOf(entry.index));
  if (measurer === null || authors.length === 0 || authors.includes(null)) return 'not known';
  return authors.includes(measurer) ? 'its author' : 'another key';
}

/** What a dossier is derived from. Looks at production are in it themselves, and reports are derived as it is. */
const cited: readonly string[] = ['seal', 'golden', 'rehearsal'];

/** What objects lose because the forward makes them again; absent where nothing is lost. */
function lostOf({ changes }: Rehearsal): Pick<Dossier['changes'], 'lost'> {
  const lost = changes?.lost ?? [];
  return lost.length === 0
    ? {}
    : { lost: lost.map(({ kind, name, what, by }) => `${kind} ${name} (${by}): ${what.join(', ')}`) };
}

/** What differs after the way back, by its causes; a definition that differs has its lines below. */
function differencesOf(proof: Rehearsal['proof']): readonly string[] {
  const found = heaviest(proof?.differences ?? []);
  const more = explainMore(found);
  return [
    ...found.roots.map((root) => [explainNode(root), ...nodeLines(root)].join('\n')),
    ...(more === null ? [] : [more]),
  ];
}

function backOf(release: Release, body: Rehearsal): Dossier['back'] {
  const { proof } = body;
  return {
    verdict: proof?.strict === 'equal' ? 'strict' : proof?.logical === 'equal' ? 'logical' : 'not proven',
    requires: release.requires,
    how: howProven(body),
    notProven: (proof?.notProven ?? []).map(({ relation, reason }) => ({ relation, reason })),
    differences: differencesOf(proof),
    differenceCount: proof?.differenceCount ?? 0,
    oneWay: release.tiers.flatMap(({ id, oneWay, barred }) =>
      oneWay === null || barred !== null ? [] : [{ tier: id, reason: oneWay }],
    ),
    losses: lossesOf(release, body),
    leftovers: body.leftovers.map((one) =>
      one.kind === 'columns'
        ? `table ${one.name}: ${one.burned} column numbers are used up by each cycle, ${one.left} are left`
        : `${one.kind} ${one.name}: ${one.state}${one.since === 'switched' ? ', and was in force before' : ''}`,
    ),
  };
}

function howProven({ proof, idempotent, repeatable, twin, boundaries = [], stops = [] }: Rehearsal): string {
  if (proof === null && boundaries.length === 0) return 'not proven: the rehearsal did not come so far';
  const said = (value: boolean | null): string => (value === null ? 'not reached' : value ? 'yes' : 'NO');
  const equal = boundaries.filter(({ state }) => state === 'equal').length;
  return [
    ...(proof === null
      ? []
      : [
          `schema and rows compared with the copy before the forward: ${proof.objects} objects, ${explainProof(proof)}`,
        ]),
    ...(boundaries.length === 0 ? [] : [`half-way points proven: ${equal} of ${boundaries.length}`]),
    ...(stops.length === 0
      ? []
      : [
          `back from within tiers that commit step by step: ${stops.filter(({ state }) => state === 'equal').length} of ${stops.length} places`,
        ]),
    idempotent === null
      ? 'a second rollback finds nothing to do by the markers of the gate; the down files were not run twice'
      : `the down files run a second time change nothing: ${said(idempotent)}`,
    `forward twice alike: ${said(repeatable)}`,
    `forward alike on a second, differently prepared copy: ${twin === null ? 'not reached' : twin.varies.length === 0 ? 'yes' : 'NO'}`,
  ].join('; ');
}

function outsideOf(release: Release, body: Rehearsal): Dossier['outside'] {
  const kinds = new Map(
    release.tiers.flatMap(({ up, down }) => [...up, ...down].map((step) => [step.digest as string, step.kind])),
  );
  const steps = [...stepsOf(body, 'up'), ...stepsOf(body, 'down')];
  const reached = steps.flatMap((step) =>
    reachedOut(step.outward, kinds.get(step.digest) ?? '').map(
      (what) => `tier ${step.tier} ${step.direction}: ${what}`,
    ),
  );
  const { dispatch } = body;
  const sent = explainNotifications(dispatch.notifications);
  return {
    declared: release.allows['dispatch'] ?? null,
    dispatch: [...new Set([...reached, ...(sent === null ? [] : [sent])])],
    unmeasured: [
      ...(dispatch.notifications.sent === 'not measured'
        ? ['NOTIFY: others work on the server of the copy, or it is older than 15']
        : []),
      ...(dispatch.called === null ? ['calls of functions: the server of the copy did not count them'] : []),
      ...(dispatch.modules === null ? ['libraries that were loaded: the server of the copy does not tell'] : []),
    ],
    varies: [
      ...release.varies.map((name) => `${name}: declared`),
      ...(body.twin?.varies ?? []).map(
        ({ object, columns }) => `${object}${columns.length === 0 ? '' : ` (${columns.join(', ')})`}: not declared`,
      ),
    ],
  };
}

function optionsOf(release: Release, body: Rehearsal): Dossier['options'] {
  return release.options.map(({ id, title, decision, reason }) => {
    const trial = body.options.find(({ option }) => option === id);
    const why = trial?.problems[0] === undefined ? '' : `: ${trial.problems[0].problem}`;
    return {
      id,
      title,
      decision,
      reason,
      trial: trial === undefined ? 'not tried: it has no SQL' : `${trial.outcome}${why}`,
    };
  });
}
