import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { openCloneHost } from '../clone/index.ts';
import { formatDuration, type Milliseconds, OneRoofError, shortDigest } from '../core/index.ts';
import { embeddedBinaries } from '../database/index.ts';
import { openFolderStore } from '../evidence/index.ts';
import { explainReason } from '../gate/index.ts';
import { gateStage, goldenStage, rehearsalStage, reportStage, sealStage } from '../pipeline.io.ts';
import { explainProof, type Rehearsal } from '../rehearsal/index.ts';
import { type CloneSetup, type Target } from '../setup/index.ts';
import { passingFolder } from './janitor.io.ts';
import { exampleFolder, type Production, startProduction } from './production.io.ts';
import { type Story, story } from './story.ts';

/** How the demo is run. */
export interface DemoPlan {
  /** Where the report, the evidence and the copy of the example go; made anew. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Writes one line for people. */
  readonly write: (line: string) => void;
  /** Called at the end, while production still runs, when it is to be left running; the demo ends when it resolves. */
  readonly stay?: () => Promise<void>;
}

const day = 86_400_000 as Milliseconds;
const hour = 3_600_000 as Milliseconds;
const mark = '.oneroof-demo';

/**
 * Does the main job on the worked example: a live production, seal, golden copy, rehearsal, gate, report.
 *
 * Errors  ALREADY_EXISTS when the folder is there and is not a demo's; INTERRUPTED.
 */
export async function runDemo(plan: DemoPlan): Promise<void> {
  prepareFolder(plan.folder);
  const passing = passingFolder();
  const began = performance.now();
  let production: Production | null = null;
  try {
    const tale = story(plan.write);
    plan.write('One Roof, the demo: from a release folder to a proven GO / NO-GO, on real databases.');
    tale.chapter('Production');
    const up = await timed(() => startProduction({ binaries: embeddedBinaries() }));
    production = up.value;
    tale.tell({
      name: 'started',
      text: 'PostgreSQL 18 with a Directus database, and Directus connected to it',
      took: up.took,
    });
    await tell({ plan, tale, production, golden: join(passing.path, 'golden') });
    tale.chapter(`Done in ${formatDuration((performance.now() - began) as Milliseconds)}.`);
    if (plan.stay !== undefined) await plan.stay();
  } finally {
    await production?.stop();
    await passing.remove();
  }
}

/** The parts that the story is told from. */
interface Stage {
  readonly plan: DemoPlan;
  readonly tale: Story;
  readonly production: Production;
  readonly golden: string;
}

async function tell({ plan, tale, production, golden }: Stage): Promise<void> {
  const store = openFolderStore(join(plan.folder, 'evidence'));
  const target: Target = {
    name: 'production',
    observer: production.observer,
    executor: null,
    relay: null,
    admin: null,
  };
  const clone: CloneSetup = {
    provider: 'physical',
    backup: production.backup,
    dataDirectory: null,
    folder: golden,
    bin: null,
  };
  if (plan.stay !== undefined) writeSetup(plan.folder, production, clone.folder);

  tale.chapter('Release');
  const sealed = await timed(() => sealStage(join(plan.folder, 'release'), store));
  const course = sealed.value;
  const { release, seal } = course.sealed;
  const steps = release.tiers.reduce((sum, tier) => sum + tier.up.length + tier.down.length, 0);
  tale.tell({
    name: 'sealed',
    text: `${release.name} ${shortDigest(seal)}: ${release.tiers.length} tiers, ${steps} steps`,
    took: sealed.took,
  });

  tale.chapter('Clone');
  const host = await openCloneHost(clone);
  try {
    stopIf(plan.signal);
    const copy = await timed(() => goldenStage(course, host, { signal: plan.signal }));
    const size = `${Math.round(copy.value.bytes / 1e6)} MB`;
    tale.tell({
      name: 'golden',
      text: `generation ${copy.value.generation}, ${size} by ${copy.value.method}, while production runs`,
      took: copy.took,
    });

    tale.chapter('Rehearsal, on a clone');
    stopIf(plan.signal);
    const rehearsed = await timed(() => rehearsalStage(course, host, { owner: 'demo', signal: plan.signal }));
    tellRehearsal(tale, rehearsed.value);
    tale.tell({ name: rehearsed.value.outcome, text: 'the whole rehearsal', took: rehearsed.took });
  } finally {
    await host.close();
  }

  tale.chapter('Gate, in production, read-only');
  stopIf(plan.signal);
  const read = await timed(() => gateStage(course, target));
  const { verdict, entry, changedMeanwhile } = read.value;
  const reasons =
    verdict.decision === 'BLOCKED' ? verdict.reasons.map(explainReason).join('; ') : 'every data gate is met';
  tale.tell({ name: verdict.decision, text: reasons, took: read.took });
  const numbers = Object.entries(entry?.metrics ?? {}).map(
    ([name, value]) => `${name}=${value.toLocaleString('en-US')}`,
  );
  tale.tell({ name: 'baseline', text: numbers.join(' ') });
  tale.tell({
    name: 'entry == exit',
    text:
      changedMeanwhile.length === 0
        ? 'yes, and the server counted nothing written'
        : `no: ${changedMeanwhile.join(', ')}`,
  });

  tale.chapter('Report');
  const policy = { rehearsalMaxAge: (7 * day) as Milliseconds, gateMaxAge: hour };
  const { report, files } = await reportStage(course, { folder: join(plan.folder, 'report'), policy });
  for (const { component, status } of report.components)
    tale.tell({
      name: status.split(',')[0] ?? status,
      text: `${component}${status.includes(',') ? ` (${status})` : ''}`,
    });
  plan.write('');
  tale.tell({ name: report.readiness.status, text: 'RELEASE READINESS' });
  tale.tell({
    name: report.execution.status,
    text: `PRODUCTION EXECUTION${report.blockers.length === 0 ? '' : `, ${report.blockers.length === 1 ? 'single blocker' : 'blockers'}: ${report.blockers.join('; ')}`}`,
  });
  for (const item of report.next) tale.tell({ name: 'next', text: item });
  for (const item of report.meanwhile) tale.tell({ name: 'meanwhile', text: item });

  tale.chapter('Look at it, and go on');
  for (const file of files) tale.tell({ name: 'written', text: relative(process.cwd(), file) });
  if (plan.stay === undefined) {
    tale.tell({ name: 'try', text: 'npx oneroof demo --keep      leaves production running to play with' });
    tale.tell({ name: 'try', text: 'npx oneroof init my-release  begins a release of your own' });
  } else {
    tale.tell({
      name: 'try',
      text: `cd ${relative(process.cwd(), plan.folder) || '.'}, then: npx oneroof gate, rehearse, verify, baseline, report, clone list`,
    });
  }
}

function tellRehearsal(tale: Story, rehearsal: Rehearsal): void {
  for (const { stage, durationMs, outcome, steps, problems } of rehearsal.stages) {
    const text =
      outcome === 'failed' ? `FAILED: ${problems[0]?.problem ?? ''}` : stageText(stage, rehearsal, steps.length);
    tale.tell({ name: stage, text, took: durationMs as Milliseconds });
  }
  if (rehearsal.clone.dropMs !== null)
    tale.tell({ name: 'dropped', text: 'the clone is gone', took: rehearsal.clone.dropMs as Milliseconds });
  for (const trial of rehearsal.options) {
    const text =
      trial.outcome === 'collides'
        ? `collides with the preflight, rejected: ${trial.problems[0]?.problem ?? ''}`
        : trial.outcome;
    tale.tell({ name: `option`, text: `${trial.option} ${text}`, took: trial.durationMs as Milliseconds });
  }
}

function stageText(stage: string, { proof, twin, idempotent, repeatable }: Rehearsal, steps: number): string {
  switch (stage) {
    case 'prove':
      return proof === null
        ? 'not proven'
        : `schema and data ${proof.logical === 'equal' ? 'equal' : 'DIFFERENT'} (strict: ${proof.strict}): ${proof.objects.toLocaleString('en-US')} objects; ${explainProof(proof)}`;
    case 'twin':
      return `the same on a second clone, with ${twin?.prepared.turned.length ?? 0} tables turned around and other plans`;
    case 'back-again':
      return `${steps} steps; ${idempotent === true ? 'changed nothing' : 'CHANGED SOMETHING'}`;
    case 'verify-again':
      return repeatable === true ? 'the same finalized state' : 'ANOTHER finalized state';
    case 'preflight':
      return 'greenfield invariants hold';
    case 'verify':
      return 'finalized invariants hold';
    default:
      return `${steps} steps`;
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly took: Milliseconds }> {
  const began = performance.now();
  const value = await work();
  return { value, took: (performance.now() - began) as Milliseconds };
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted)
    throw new OneRoofError('INTERRUPTED', {
      problem: 'the demo was interrupted',
      fix: 'run it again; nothing was left behind',
    });
}

/** Makes the demo's folder anew; a folder that does not carry our mark is not touched. */
function prepareFolder(folder: string): void {
  if (existsSync(folder) && !existsSync(join(folder, mark))) {
    throw new OneRoofError('ALREADY_EXISTS', {
      problem: `${folder} is there already and was not made by the demo`,
      fix: 'move it away, or run the demo in another folder',
    });
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, mark), 'Made by oneroof demo, which deletes and makes this folder anew.\n');
  cpSync(exampleFolder(), join(folder, 'release'), { recursive: true });
}

function writeSetup(folder: string, production: Production, golden: string): void {
  const url = (user: string): string => `postgres://${user}@/directus?host=${production.observer.host}`;
  const text = `# The demo's production, for as long as it runs.
targets:
  production:
    url: ${url(production.observer.user)}
clone:
  provider: physical
  backup:
    url: ${url(production.backup.user)}
  folder: ${golden}
evidence: evidence
reports: report
`;
  writeFileSync(join(folder, 'oneroof.yaml'), text);
}
