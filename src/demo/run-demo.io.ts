import { join, relative } from 'node:path';
import { openCloneHost } from '../clone/index.ts';
import { formatDuration, type Milliseconds, shortDigest } from '../core/index.ts';
import { embeddedBinaries } from '../database/index.ts';
import { openFolderStore } from '../evidence/index.ts';
import { readPin } from '../people/index.ts';
import { readable } from '../evidence-kinds/index.ts';
import { gateStage, goldenStage, rehearsalStage, reportStage, sealStage } from '../pipeline.io.ts';
import { type CloneSetup, type Target } from '../setup/index.ts';
import * as activation from './activation.io.ts';
import { tellAttempts } from './attempts.io.ts';
import { tellPlanted } from './planted.io.ts';
import { bundle } from './bundled.io.ts';
import { tellReviewed } from './reviewed.io.ts';
import { prepareFolder, removeSetup, writeSetup } from './demo-folder.io.ts';
import { passingFolder } from './janitor.io.ts';
import { type Agent, enrolPeople, makeAgent } from './people.io.ts';
import { type DemoPlan, type ChapterGround } from './demo-commands.ts';
import { installGate, type DemoProduction, startProduction } from './demo-production.io.ts';
import { type Narration, narrationTo } from './narration.ts';
import { tellReading, tellRehearsal, tellReport, tellVerdicts } from './tell.ts';
import { stopIf, timed } from './timed.io.ts';
import { forge, uninvited } from './uninvited.io.ts';

const day = 86_400_000 as Milliseconds;
const policy = { rehearsalMaxAge: (7 * day) as Milliseconds, gateMaxAge: 3_600_000 as Milliseconds };

/**
 * Does the whole job on the worked example, on a production of its own: seal, gate, golden copy, rehearsal, refusals, ratification,
 * rollout, rollback, forward again, report, evidence.
 *
 * Errors  ALREADY_EXISTS when the folder is there and is not a demo's; INTERRUPTED; INTERNAL where something did not hold.
 */
export async function runDemo(plan: DemoPlan): Promise<void> {
  prepareFolder(plan.folder);
  const passing = passingFolder();
  const began = performance.now();
  let production: DemoProduction | null = null;
  try {
    const narration = narrationTo(plan.write);
    plan.write('One Roof, the demo: from a release folder to production and back, on real databases.');
    narration.chapter('Production');
    const up = await timed(() => startProduction({ binaries: embeddedBinaries() }));
    production = up.value;
    narration.tell({
      name: 'started',
      text: 'PostgreSQL 18 with a Directus database, and Directus connected to it',
      took: up.took,
    });
    const scene: Scene = {
      plan,
      narration,
      production,
      passing: passing.path,
      agent: makeAgent('release-agent'),
      reviewer: makeAgent('gpt'),
    };
    const stage = await prepare(scene);
    const before = await prove(stage, scene);
    await tellStory(stage, scene, before);
    narration.chapter(`Done in ${formatDuration((performance.now() - began) as Milliseconds)}.`);
    if (plan.stay !== undefined) await plan.stay();
  } finally {
    removeSetup(plan.folder);
    await production?.stop();
    await passing.remove();
  }
}

/** What there is before the release is sealed. */
interface Scene {
  readonly plan: DemoPlan;
  readonly narration: Narration;
  readonly production: DemoProduction;
  /** A folder that goes when the demo ends. */
  readonly passing: string;
  /** The one that wrote the release, and one that reviews it. */
  readonly agent: Agent;
  readonly reviewer: Agent;
}

/** Seals the release, enrols who may ratify, and lets the production's database hold the gate. */
async function prepare({ plan, narration, production, passing, agent, reviewer }: Scene): Promise<ChapterGround> {
  const store = readable(openFolderStore(join(plan.folder, 'evidence')), () =>
    readPin({ registryFile: join(plan.folder, 'registry.json'), policyFile: join(plan.folder, 'policy.yaml') }),
  );
  writeSetup(plan.folder, production, join(passing, 'golden'));
  narration.chapter('Release');
  const sealed = await timed(() => sealStage(join(plan.folder, 'release'), store));
  const course = sealed.value;
  const { release, seal } = course.sealed;
  const steps = release.tiers.reduce((sum, tier) => sum + tier.up.length + tier.down.length, 0);
  narration.tell({
    name: 'sealed',
    text: `${release.name} ${shortDigest(seal)}: ${release.tiers.length} tiers, ${steps} steps`,
    took: sealed.took,
  });
  narration.chapter('The gate goes into the database');
  const people = await enrolPeople(plan, narration, { agent, reviewer, machine: await store.ownKey() });
  const installed = await timed(() => installGate(production, people));
  narration.tell({
    name: 'installed',
    text: 'schema gate verifies passkeys, and runs only what people ratified',
    took: installed.took,
  });
  const target: Target = { name: 'production', ...production };
  return { plan, narration, production, target, course, people };
}

/** Takes a golden copy, rehearses on a clone, and reads the gate: the engineering, complete, and the gate closed. */
async function prove(stage: ChapterGround, { passing, reviewer }: Scene): Promise<activation.Before> {
  const { plan, narration, course, target } = stage;
  await rehearse(stage, {
    provider: 'physical',
    backup: stage.production.backup,
    dataDirectory: null,
    folder: join(passing, 'golden'),
    bin: null,
  });
  stopIf(plan.signal);
  narration.chapter('Gate, in production, read-only');
  const read = await timed(() => gateStage(course, target));
  tellReading(narration, read.value, read.took);
  await activation.expectRoll(stage, 'rollout', 'held');
  await tellReviewed(stage, { reviewer, passing });
  narration.chapter('Report');
  const { report } = await reportStage(course, { folder: join(plan.folder, 'report'), policy, target: target.name });
  tellReport(narration, report);
  const fingerprint = join(passing, 'before.json');
  await plan.command({
    command: 'fingerprint',
    words: ['production'],
    options: { rows: true, out: fingerprint },
  });
  return { reading: read.value, fingerprint };
}

async function rehearse({ plan, narration, course }: ChapterGround, clone: CloneSetup): Promise<void> {
  narration.chapter('Clone');
  const host = await openCloneHost(clone);
  try {
    stopIf(plan.signal);
    const copy = await timed(() => goldenStage(course, host, { signal: plan.signal }));
    const size = `${Math.round(copy.value.bytes / 1e6)} MB`;
    narration.tell({
      name: 'golden',
      text: `generation ${copy.value.generation}, ${size} by ${copy.value.method}, while production runs`,
      took: copy.took,
    });
    narration.chapter('Rehearsal, on a clone');
    stopIf(plan.signal);
    const rehearsed = await timed(() => rehearsalStage(course, host, { owner: 'demo', signal: plan.signal }));
    tellRehearsal(narration, rehearsed.value);
    narration.tell({ name: rehearsed.value.outcome, text: 'the whole rehearsal', took: rehearsed.took });
  } finally {
    await host.close();
  }
}

/** From the closed gate to the end. */
async function tellStory(stage: ChapterGround, { agent, passing }: Scene, before: activation.Before): Promise<void> {
  const { plan, narration } = stage;
  narration.chapter('Every credential that an agent can hold, and what it cannot do');
  await tellAttempts(stage, await uninvited(stage, agent));
  await tellPlanted(stage, await forge(stage));
  stopIf(plan.signal);
  await activation.ratifyAndHold(stage);
  stopIf(plan.signal);
  await activation.open(stage);
  await report(stage, 'Report: GO');
  stopIf(plan.signal);
  await activation.rollOut(stage);
  stopIf(plan.signal);
  await activation.rollBackAndProve(stage, before);
  stopIf(plan.signal);
  await activation.forwardAgain(stage);
  stopIf(plan.signal);
  const files = await report(stage, 'Report: active');
  await bundle(stage, passing);
  if (plan.stay !== undefined) {
    await activation.closeAgain(stage);
    await report(stage, 'Report: closed again');
  }
  narration.chapter('Explore, and go on');
  for (const file of files) narration.tell({ name: 'written', text: relative(process.cwd(), file) });
  if (plan.stay === undefined) for (const text of ended) narration.tell({ name: 'try', text });
  else playing(stage).forEach(plan.write);
}

/** Writes the report again, from the evidence alone, and tells what has changed in it. */
async function report({ plan, narration, course, target }: ChapterGround, title: string): Promise<readonly string[]> {
  narration.chapter(title);
  const { report: built, files } = await reportStage(course, {
    folder: join(plan.folder, 'report'),
    policy,
    target: target.name,
  });
  for (const { id, component, status, evidence } of built.components)
    if (id === 'ratification' || id === 'activation')
      narration.tell({ name: status, text: `${component}: ${evidence}` });
  for (const { by, finding } of built.reviews) narration.tell({ name: 'review', text: `${by} ${finding}: advice` });
  tellVerdicts(narration, built);
  return files;
}

const ended = [
  'npx oneroof demo --keep      keeps production running',
  'npx oneroof init my-release  begins a release of your own',
];

/** What to type while production is left running; not broken into lines, so that it can be copied. */
function playing({ plan, production }: ChapterGround): readonly string[] {
  const approve = `psql "postgres://directus@/directus?host=${production.application.host}" -c "insert into os_proposal_approvals (id) values (gen_random_uuid())"`;
  const ratify =
    plan.ratify === 'page'
      ? '  npx oneroof ratify release      # with the passkey that you made'
      : '  # no one can ratify again: the keys of --auto were not kept. At a terminal, without --auto, you could.';
  return [
    '',
    'In another terminal:',
    `  cd ${plan.folder}`,
    '  npx oneroof gate release        # BLOCKED: no one has approved',
    '  npx oneroof rollout release     # held',
    `  ${approve}`,
    ratify,
    '  npx oneroof rollout release',
    '  npx oneroof rollback release',
    '  npx oneroof runbook release     # also: prompt, rehearse, verify, report, log, bundle',
  ];
}
