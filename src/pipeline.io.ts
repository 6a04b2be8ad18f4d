import { isAbsolute, relative } from 'node:path';
import { writeBundle } from './bundle/index.ts';
import { type CloneHost, type Golden } from './clone/index.ts';
import { canonicalJson, type Digest, type Milliseconds, now, OneRoofError, stated } from './core/index.ts';
import { type Connection, openObserver, type Session } from './database/index.ts';
import { buildDossier, readProduction, show, type ShownDossier, subjectOf } from './dossier/index.ts';
import { type Entry, ofKind } from './evidence/index.ts';
import { copiedGateSql, type GateReading, readCycles, readGate, readRecord } from './gate/index.ts';
import { isOf, peopleKinds, type PeopleRecord, peopleRecords, readHistory, rulesOf, withOwn } from './people/index.ts';
import { executionsOf, type Recorder, recordRules, type Store, witnessesOf } from './evidence-kinds/index.ts';
import { type Rehearsal, rehearse, type RehearsalOptions, rehearsedSchema } from './rehearsal/index.ts';
import { readSealed, readSources, sealDocument, type SealedRelease, sealRelease } from './release/index.ts';
import {
  type JudgedReport,
  judgeRelease,
  type ReleaseContext,
  readRatifications,
  toHtml,
  toMarkdown,
  writeReport,
} from './report/index.ts';
import {
  execute,
  type Execution,
  lackedBy,
  type Progress,
  type RolloutResult,
  type RolloutRun,
} from './rollout/index.ts';
import { schemaIn } from './proposal/index.ts';
import { type Setup, type Target } from './setup/index.ts';

/** What every stage works on: a sealed release, and the store that its evidence goes to. */
export interface Course {
  readonly sealed: SealedRelease;
  readonly store: Store;
}

/** Seals a release folder and records the seal. */
export async function sealStage(folder: string, store: Store): Promise<Course> {
  await sealRelease(folder);
  const sealed = await readSealed(folder);
  const { release, seal } = sealed;
  // with its files, so that every reader of the evidence can read the release itself
  const files = await readSources(folder);
  await store.append({ kind: 'seal', seal, body: { version: 1, release: release.name, seal, files } }, now());
  return { sealed, store };
}

/** Takes a golden copy and records it. */
export async function goldenStage(course: Course, host: CloneHost, watch: GoldenWatch = {}): Promise<Golden> {
  const golden = await host.makeGolden({ ...watch, gateSql: copiedGateSql });
  await course.store.append({ kind: 'golden', seal: course.sealed.seal, body: { version: 1, ...golden } }, now());
  return golden;
}

/** How a golden copy can be followed and stopped. */
export type GoldenWatch = Parameters<CloneHost['makeGolden']>[0];

/** How a rehearsal can be followed and stopped, and who answers for its clones. */
export type RehearsalWatch = Omit<RehearsalOptions, 'release' | 'host' | 'seeds'>;

/** Rehearses on a clone of the newest golden copy and records what was measured, passed or failed. */
export async function rehearsalStage(course: Course, host: CloneHost, watch: RehearsalWatch): Promise<Rehearsal> {
  const rehearsal = await rehearse({ release: course.sealed, host, ...watch });
  await course.store.append({ kind: 'rehearsal', seal: course.sealed.seal, body: rehearsal }, now());
  return rehearsal;
}

/** Reads the gate in production once, read-only, and records the reading. */
export async function gateStage(course: Course, target: Target): Promise<GateReading> {
  const { evidence } = await course.store.heard(course.sealed.seal, { target: target.name });
  const reading = await readGate({ release: course.sealed, target, at: now(), rehearsed: schemaIn(evidence) });
  await course.store.append({ kind: 'gate', seal: course.sealed.seal, body: reading }, now());
  return reading;
}

/**
 * Records what people signed in a target and the evidence does not hold yet: ratifications, declines, revocations, abandonments, and the
 * adoptions of that database, each with its signatures and the rules that it is judged by. The same again records nothing.
 */
export async function ratificationStage(
  { sealed, store }: { readonly sealed: Pick<SealedRelease, 'seal'>; readonly store: Store },
  at: {
    readonly target: string;
    readonly session: Pick<Session, 'query'>;
    /** What was compared before the adoption of this statement, which was taken in just now. */
    readonly adoption?: Required<Pick<PeopleRecord, 'compared'>> & { readonly statement: string };
  },
): Promise<readonly Entry[]> {
  const held = await readRecord(at.session, sealed.seal);
  const essence = ({ target, facts, statement }: PeopleRecord): string => canonicalJson({ target, facts, statement });
  const known = new Set<string>();
  const evidence = withOwn(await store.heard(sealed.seal, { target: at.target }));
  for (const piece of ofKind(evidence, ...peopleKinds)) if (piece.readable) known.add(essence(piece.body));
  const entries: Entry[] = [];
  for (const record of peopleRecords(at.target, held)) {
    if (known.has(essence(record))) continue;
    const isAsked = record.statement.digest === at.adoption?.statement;
    const body = isAsked ? { ...record, compared: at.adoption.compared } : record;
    entries.push(await store.append({ kind: record.statement.kind, seal: sealed.seal, body }, now()));
  }
  const rules = await recordRules(store, { target: at.target, rules: rulesOf(held) });
  return rules === null ? entries : [...entries, rules];
}

/**
 * Records an adoption with each release of the log that the target knows, or that the log tells something of for it: what was recorded
 * before and after is joined by it. Where there is none it is kept by itself, under its subject.
 */
export async function adoptionStage(
  store: Store,
  at: Required<Parameters<typeof ratificationStage>[1]> & { readonly subject: Digest },
): Promise<void> {
  const inTarget = new Set<string>((await readCycles(at.session)).map(({ seal }) => seal));
  const seals = new Set<Digest>();
  for (const { seal } of await store.entries()) {
    if (seals.has(seal)) continue;
    const pieces = inTarget.has(seal) ? [] : ofKind(await store.of(seal), 'execution', ...peopleKinds);
    if (inTarget.has(seal) || pieces.some((one) => one.readable && one.body.target === at.target)) seals.add(seal);
  }
  for (const seal of seals.size === 0 ? [at.subject] : seals)
    await ratificationStage({ sealed: { seal: seal as SealedRelease['seal'] }, store }, at);
}

/** Asks a target for what people signed and the log does not hold yet, and records it; answers why it could not be asked, or null. */
export async function catchUpStage(course: Course, target: Target, applicationName: string): Promise<string | null> {
  try {
    const observer = await openObserver(target.observer, { applicationName });
    try {
      await observer.snapshot((session) => ratificationStage(course, { target: target.name, session }));
      return null;
    } finally {
      await observer.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Refuses where the evidence knows of steps of this cycle that the target lacks. A copy of a server's files has the identity of the original, so
 * what was ratified is open on both, and only the record tells which of them ran it. What was before an adoption is not asked about.
 *
 * Errors  TARGET_BEHIND
 */
export async function requireNotBehind(
  { sealed, store }: Course,
  at: { readonly target: string; readonly statement: string; readonly progress: Progress },
): Promise<void> {
  const evidence = withOwn(await store.heard(sealed.seal, { target: at.target }));
  // only one that a quorum signed: anyone who can write evidence could else take the refusal away
  const adopted = readHistory(sealed, evidence)
    .recorded.filter(isOf('adoption'))
    .filter(({ record }) => record.target === at.target)
    .reduce((last, { index }) => Math.max(last, index), -1);
  const executions = (await executionsOf(store, { sealed, ...at }))
    .filter(({ index }) => index > adopted)
    .map(({ body }) => body);
  const lacked = lackedBy(at.progress, executions);
  if (lacked === null) return;
  throw new OneRoofError('TARGET_BEHIND', {
    ...stated`${{ target: at.target }} lacks step ${{ steps: lacked.steps[1] }} of tier ${{ tier: lacked.tier }} ${{ direction: lacked.direction }}, although the evidence says that it was committed there: the target is a copy, an older state, or a primary that lost the step`,
    fix: `check the address; if this database is the target from now on: oneroof adopt ${at.target} --reason "why"`,
  });
}

/** Writes all that was recorded of a release as one bundle, which can be checked without anything else. */
export async function bundleText({ sealed, store }: Course): Promise<string> {
  const { release, seal } = sealed;
  const log = await store.log();
  const witnesses = await witnessesOf(store);
  const bytes = await store.blobs(
    log.lines.map(({ entry }) => entry).filter((entry) => entry.seal === seal || witnesses.includes(entry.index)),
  );
  const name = { name: release.name, seal };
  const pieces = await store.of(seal);
  const { targets } = await store.voices();
  const heard = await Promise.all([null, ...targets()].map((target) => store.hear(pieces, { target })));
  const counted = new Set(heard.flatMap(({ evidence }) => evidence.map(({ entry }) => entry.index)));
  const counts = ({ index }: Entry): boolean => counted.has(index) || witnesses.includes(index);
  return writeBundle({ release: name, document: sealDocument(release), log, bytes, witnesses, counts });
}

/** For whom a dossier is written: the target, and the policy that people ratify by. */
export interface DossierPlan {
  readonly target: Target;
  readonly policy: { readonly production: boolean };
}

/** Writes what an approver is shown: from the release, its rehearsals, and production as it is now. Nothing is recorded. */
export async function writeDossier({ sealed, store }: Course, plan: DossierPlan): Promise<ShownDossier> {
  const { target, policy } = plan;
  const { evidence, signerOf, nameOf } = await store.heard(sealed.seal, { target: target.name });
  const { body } = subjectOf(sealed, evidence);
  const rehearsed = { of: rehearsedSchema(body), schema: body.schemaBefore ?? null };
  const reading = await readProduction({ release: sealed, target, at: now(), rehearsed });
  return show(
    buildDossier({
      sealed,
      evidence,
      target: target.name,
      production: policy.production,
      reading,
      now: now(),
      signerOf,
      nameOf,
    }),
  );
}

/** Writes a dossier and records it, so that everyone who is asked sees the same bytes. */
export async function dossierStage(course: Course, plan: DossierPlan): Promise<ShownDossier> {
  const { text, ...record } = await writeDossier(course, plan);
  await course.store.append({ kind: 'dossier', seal: course.sealed.seal, body: record }, now());
  return { ...record, text };
}

/** Records a statement that people are asked to sign, before anyone is asked. */
export async function proposalStage({ sealed, store }: Course, proposal: object): Promise<Entry> {
  return store.append({ kind: 'proposal', seal: sealed.seal, body: { version: 1, ...proposal } }, now());
}

/** Where a report goes, and what it demands of evidence. */
export interface ReportPlan {
  readonly folder: string;
  /** Whose registry says what counts. */
  readonly target: string;
  readonly policy: { readonly rehearsalMaxAge: Milliseconds; readonly gateMaxAge: Milliseconds };
}

/** Builds the report from the store's evidence alone; nothing is written or recorded. `folder`: what its addresses begin at. */
export async function readJudged(
  { sealed, store }: Course,
  { folder, policy, target }: ReportPlan,
): Promise<JudgedReport> {
  const heard = await store.heard(sealed.seal, { target });
  return judgeRelease({ release: sealed, ...heard, policy, now: now(), hrefOf: hrefFrom(folder, store) });
}

/** Builds the report and writes it as Markdown, HTML and JSON. */
export async function reportStage(
  course: Course,
  plan: ReportPlan,
): Promise<JudgedReport & { readonly files: readonly string[] }> {
  const { sealed, store } = course;
  const { report, blockers } = await readJudged(course, plan);
  const files = await writeReport({ report, markdown: toMarkdown(report), html: toHtml(report), folder: plan.folder });
  await store.append({ kind: 'report', seal: sealed.seal, body: report }, now());
  return { report, blockers, files };
}

/** What an occasion is about, beside the course: a target, and how the release is called where its commands are typed. */
export interface OccasionPlan {
  readonly setup: Pick<Setup, 'policy' | 'reports'>;
  readonly target: Target;
  readonly folder: string;
  readonly workIn: string | null;
}

/** Looks at the recorded evidence and, read-only, at the target; what cannot be read closes the gate. Nothing is recorded. */
export async function readOccasion({ sealed, store }: Course, plan: OccasionPlan): Promise<ReleaseContext> {
  const { setup, target, ...where } = plan;
  const { evidence } = await store.heard(sealed.seal, { target: target.name });
  const reading = await readGate({ release: sealed, target, at: now(), rehearsed: schemaIn(evidence) });
  const ratifications = await readRatifications(target, sealed.seal);
  const { report } = await readJudged({ sealed, store }, { ...setup, folder: setup.reports, target: target.name });
  return { sealed, target: target.name, ...where, report, reading, ratifications };
}

/** The address of a piece of evidence: from a folder where it is a file, else its name. */
export function hrefFrom(folder: string, store: Pick<Store, 'locate'>): (entry: Entry) => string {
  return (entry) => {
    const place = store.locate(entry);
    return isAbsolute(place) ? relative(folder, place) : `urn:oneroof:evidence:${entry.digest}`;
  };
}

type Watched = 'direction' | 'through' | 'statement' | 'signal' | 'onProgress' | 'onSession' | 'awaitReplicas';
/** What is asked of a rollout or a rollback. */
export interface RolloutWatch extends Pick<RolloutRun, Watched> {
  readonly executor: Connection;
  readonly target: string;
  readonly recorder?: Recorder;
}

/** Rolls a ratified release out, or back, and records each transaction before and after it. */
export async function rolloutStage({ sealed, store }: Course, watch: RolloutWatch): Promise<RolloutResult> {
  const { executor, target, recorder, ...run } = watch;
  const append = async (body: Execution): Promise<void> => {
    await store.append({ kind: 'execution', seal: sealed.seal, body }, now());
  };
  const onFence: RolloutRun['onFence'] = async (progress, epoch) => {
    // earlier attempts are known from the rows that this one has found; a rollback does not wait for evidence
    const added = recorder?.complete(progress, String(BigInt(epoch) - 1n));
    await (run.direction === 'up' ? added : added?.catch(() => 0));
  };
  const record = recorder?.record ?? append;
  return execute({ sealed, target: { name: target, executor }, record, onFence, ...run });
}
