import { explainAge, explainOrigin, isSampled, measuredLevel } from '../clone/index.ts';
import { type Digest, type Instant, OneRoofError, stated } from '../core/index.ts';
import { ofKind, type Piece, type SshKey } from '../evidence/index.ts';
import { explainMore, explainNode, heaviest, nodeLines } from '../fingerprint/index.ts';
import {
  explainNotifications,
  explainProduction,
  explainProof,
  explainRole,
  reachedOut,
  type Rehearsal,
} from '../rehearsal/index.ts';
import { type Release, type SealedRelease } from '../release/index.ts';
import { type Review, reviewsOf } from '../reviews/index.ts';
import { type Dossier, type ProductionReading } from './dossier.ts';
import { lossesOf, rowFindings } from './losses.ts';
import { locksOf, writtenHistories, writtenRows, stepsOf, dossierTiers, timeOf } from './measures.ts';
import { type DossierEvidence } from './dossier-record.ts';
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
  readonly reading: ProductionReading;
  readonly now: Instant;
  /** Who signed the entry of an index; absent: not known. */
  readonly signerOf?: (index: number) => SshKey | null;
  /** The name of who signed the entry of an index; absent: not known. */
  readonly nameOf?: (index: number) => string;
  /** The reviews as they were recorded, where it is not known whose count; absent: those of the evidence. */
  readonly reviews?: readonly Review[];
}

/** The rehearsal that a dossier describes: the newest that passed, with later ones. */
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
      ...stated`no rehearsal of ${{ release: sealed.release.name }} with this seal has passed`,
      fix: 'run oneroof rehearse --golden, and fix the problems that it finds',
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

/** An unreadable one is not skipped: its content is unknown. */
function doubtsOf(piece: Piece<'rehearsal', Rehearsal>): readonly string[] {
  if (!piece.readable)
    return [`a later rehearsal, recorded at ${piece.entry.recordedAt}, cannot be read: ${piece.reason}`];
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
  const [objects, rows] = [body.changes?.objects ?? null, writtenRows(release, body)];
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
    ...(release.links === undefined ? {} : { links: release.links.map(({ title, url }) => ({ title, url })) }),
    authors: release.authors.map(({ name, kind, instructedBy }) => ({ name, kind, instructedBy })),
    back: backOf(release, body),
    changes: {
      objects,
      objectCount: body.changes?.count ?? 0,
      ...lostOf(body),
      ...rowFindings(body),
      rows,
      ...writtenHistories(release, { objects, rows }),
    },
    time: timeOf(release, body, { passed, unread }),
    locks: locksOf(release, body),
    now: reading,
    outside: outsideOf(release, body),
    tiers: dossierTiers(release, body),
    options: optionsOf(release, body),
    reviews: source.reviews ?? reviewsOf(evidence, source),
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
        proofLevel: measuredLevel(body.golden),
        origin: [
          explainAge(body.golden, { moment: body.startedAt, what: 'the rehearsal' }),
          ...explainOrigin(body.golden),
        ],
        ...(isSampled(body.golden) ? { sampled: true } : {}),
        ...productionOf(body.production),
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

/** The evidence from which a dossier is derived. It contains readings of production itself, and reports are derived like it. */
const cited: readonly string[] = ['seal', 'golden', 'rehearsal'];

/** What objects lose because the forward run makes them again; absent where nothing is lost. */
function lostOf({ changes }: Rehearsal): Pick<Dossier['changes'], 'lost'> {
  const lost = changes?.lost ?? [];
  return lost.length === 0
    ? {}
    : { lost: lost.map(({ kind, name, what, by }) => `${kind} ${name} (${by}): ${what.join(', ')}`) };
}

/** What differs after the rollback, by its causes; a definition that differs has its lines below. */
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
        ? `table ${one.name}: ${one.burned} column numbers are used in each cycle, ${one.left} remain`
        : `${one.kind} ${one.name}: ${one.state}${one.since === 'switched' ? ', but was in force before' : ''}`,
    ),
  };
}

function howProven({ proof, idempotent, repeatable, twin, boundaries = [], stops = [] }: Rehearsal): string {
  if (proof === null && boundaries.length === 0) return 'not proven: the rehearsal ended before that';
  const said = (value: boolean | null): string => (value === null ? 'not reached' : value ? 'yes' : 'NO');
  const equal = boundaries.filter(({ state }) => state === 'equal').length;
  return [
    ...(proof === null
      ? []
      : [
          `schema and rows compared with the copy before the forward run: ${proof.objects} objects, ${explainProof(proof)}`,
        ]),
    ...(boundaries.length === 0 ? [] : [`half-way points proven: ${equal} of ${boundaries.length}`]),
    ...(stops.length === 0
      ? []
      : [
          `rollback from within tiers that commit step by step: ${stops.filter(({ state }) => state === 'equal').length} of ${stops.length} places`,
        ]),
    idempotent === null
      ? 'according to the markers of the gate, a second rollback has nothing to do; the down files did not run twice'
      : `a second run of the down files changes nothing: ${said(idempotent)}`,
    `both forward runs end in the same state: ${said(repeatable)}`,
    `the forward run ends in the same state on a second, differently prepared copy: ${twin === null ? 'not reached' : twin.varies.length === 0 ? 'yes' : 'NO'}`,
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
        ? ['NOTIFY: others use the server of the copy, or it is older than PostgreSQL 15']
        : []),
      ...(dispatch.called === null ? ['function calls: the server of the copy did not count them'] : []),
      ...(dispatch.modules === null ? ['loaded libraries: the server of the copy does not show them'] : []),
    ],
    varies: [
      ...release.varies.map((name) => `${name}: declared`),
      ...(release.expects?.partitionsOf ?? []).map((name) => `${name}: new partitions are allowed if they follow it`),
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

/** How the copy that was rehearsed on stood to production, by name. */
function productionOf(against: Rehearsal['production']): Pick<Dossier['rehearsal']['golden'], 'production'> {
  if (against === undefined) return {};
  const is = against.compared === 'no' ? 'not compared' : against.count === 0 ? 'equal' : 'different';
  return { production: { is, text: explainProduction(against) } };
}
