import { relative } from 'node:path';
import { type CloneHost, type Golden } from './clone/index.ts';
import { type Milliseconds, now } from './core/index.ts';
import { type Connection } from './database/index.ts';
import { buildDossier, readProduction, show, type ShownDossier, subjectOf } from './dossier/index.ts';
import { type Entry, type EvidenceStore } from './evidence/index.ts';
import { type GateReading, readGate } from './gate/index.ts';
import { type Rehearsal, rehearse, type RehearsalEvent } from './rehearsal/index.ts';
import { readSealed, readSources, type SealedRelease, sealRelease } from './release/index.ts';
import { buildReport, type Report, toHtml, toMarkdown, writeReport } from './report/index.ts';
import { execute, type Execution, type RolloutResult, type Run } from './rollout/index.ts';
import { type Target } from './setup/index.ts';

/** What every stage works on: a sealed release, and the store that its evidence goes to. */
export interface Course {
  readonly sealed: SealedRelease;
  readonly store: EvidenceStore;
}

/** Seals a release folder and records the seal. */
export async function sealStage(folder: string, store: EvidenceStore): Promise<Course> {
  await sealRelease(folder);
  const sealed = await readSealed(folder);
  const { release, seal } = sealed;
  // with its files, so that whoever has the evidence can read the release itself
  const files = await readSources(folder);
  await store.append({ kind: 'seal', seal, body: { version: 1, release: release.name, seal, files } }, now());
  return { sealed, store };
}

/** Takes a golden copy and records it. */
export async function goldenStage(course: Course, host: CloneHost, watch: GoldenWatch = {}): Promise<Golden> {
  const golden = await host.makeGolden(watch);
  await course.store.append({ kind: 'golden', seal: course.sealed.seal, body: { version: 1, ...golden } }, now());
  return golden;
}

/** How a golden copy can be followed and stopped. */
export type GoldenWatch = Parameters<CloneHost['makeGolden']>[0];

/** How a rehearsal can be followed and stopped, and who answers for its clones. */
export interface RehearsalWatch {
  readonly owner: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: RehearsalEvent) => void;
  /** Read every row for the proof, whatever changed. */
  readonly full?: true;
}

/** Rehearses on a clone of the newest golden copy and records what was measured, passed or failed. */
export async function rehearsalStage(course: Course, host: CloneHost, watch: RehearsalWatch): Promise<Rehearsal> {
  const rehearsal = await rehearse({ release: course.sealed, host, ...watch });
  await course.store.append({ kind: 'rehearsal', seal: course.sealed.seal, body: rehearsal }, now());
  return rehearsal;
}

/** Reads the gate in production once, read-only, and records the reading. */
export async function gateStage(course: Course, target: Target): Promise<GateReading> {
  const reading = await readGate({ release: course.sealed, target, at: now() });
  await course.store.append({ kind: 'gate', seal: course.sealed.seal, body: reading }, now());
  return reading;
}

/** For whom a dossier is written: the target, and the policy that people ratify by. */
export interface DossierPlan {
  readonly target: Target;
  readonly policy: { readonly production: boolean };
}

/** Writes what an approver is shown: from the release, its rehearsals, and production as it is now. Nothing is recorded. */
export async function writeDossier({ sealed, store }: Course, plan: DossierPlan): Promise<ShownDossier> {
  const { target, policy } = plan;
  const evidence = await store.of(sealed.seal);
  const { body } = subjectOf(sealed, evidence);
  const rehearsed = { gateSchema: body.gateSchema, schema: body.schemaBefore ?? null };
  const reading = await readProduction({ release: sealed, target, at: now(), rehearsed });
  return show(
    buildDossier({ sealed, evidence, target: target.name, production: policy.production, reading, now: now() }),
  );
}

/** Writes a dossier and records it, so that everybody who is asked sees the same bytes. */
export async function dossierStage(course: Course, plan: DossierPlan): Promise<ShownDossier> {
  const { text, ...record } = await writeDossier(course, plan);
  await course.store.append({ kind: 'dossier', seal: course.sealed.seal, body: record }, now());
  return { ...record, text };
}

/** Where a report goes, and what it demands of evidence. */
export interface ReportPlan {
  readonly folder: string;
  readonly policy: { readonly rehearsalMaxAge: Milliseconds; readonly gateMaxAge: Milliseconds };
}

/** Builds the report from the store's evidence alone, and writes it as Markdown, HTML and JSON. */
export async function reportStage(
  course: Course,
  plan: ReportPlan,
): Promise<{ readonly report: Report; readonly files: readonly string[] }> {
  const { sealed, store } = course;
  const evidence = await store.of(sealed.seal);
  const hrefOf = (entry: Entry): string => relative(plan.folder, store.locate(entry));
  const report = buildReport({ release: sealed, evidence, policy: plan.policy, now: now(), hrefOf });
  const files = await writeReport({ report, markdown: toMarkdown(report), html: toHtml(report), folder: plan.folder });
  await store.append({ kind: 'report', seal: sealed.seal, body: report }, now());
  return { report, files };
}

/** What is asked of a rollout or a rollback. */
export interface RolloutWatch extends Pick<Run, 'direction' | 'through' | 'statement' | 'signal' | 'onProgress'> {
  readonly executor: Connection;
  readonly target: string;
}

/** Rolls a ratified release out, or back, and records each transaction before and after it. */
export async function rolloutStage({ sealed, store }: Course, watch: RolloutWatch): Promise<RolloutResult> {
  const { executor, target, ...run } = watch;
  const record = async (body: Execution): Promise<void> => {
    await store.append({ kind: 'execution', seal: sealed.seal, body }, now());
  };
  return execute({ sealed, target: { name: target, executor }, record, ...run });
}
