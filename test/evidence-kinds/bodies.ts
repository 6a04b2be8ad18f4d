import { digest } from '../../src/core/index.ts';
import { type Footprint } from '../../src/fingerprint/index.ts';

const at = '2026-06-03T08:00:00.000Z';
const seal = digest('seal', ['small']);

/** Bodies as stages record them, whole; each takes what a test says otherwise. */
export const sealBody = (more: object = {}) => ({ version: 1, release: 'small', seal, ...more });

const golden = {
  provider: 'template',
  generation: 1,
  source: { database: 'small', systemIdentifier: '1', timeline: 1, databaseOid: '1', serverVersion: 180000 },
  takenAt: at,
  proofLevel: 'exact',
  method: 'copy',
  bytes: 1,
  durationMs: 1,
  database: 'oneroof_g1',
};

export const goldenBody = (more: object = {}) => ({ version: 1, ...golden, ...more });

export const stepBody = (more: object = {}) => ({
  tier: '1-rows',
  direction: 'up',
  index: 1,
  digest: seal,
  title: 'SELECT',
  measured: 'whole',
  durationMs: 1,
  rows: 1,
  rowsByRelation: [],
  locks: [],
  rewritten: [],
  largestRewrite: null,
  invalidIndexes: [],
  walBytes: 0,
  outward: { called: [], foreign: [], modules: [] },
  notices: [],
  notifications: [],
  ...more,
});

export const stageBody = (stage: string, more: object = {}) => ({
  stage,
  durationMs: 1,
  outcome: 'passed',
  problems: [],
  metrics: {},
  steps: [],
  ...more,
});

export const rehearsalBody = (more: object = {}) => ({
  version: 1,
  release: 'small',
  seal,
  outcome: 'passed',
  startedAt: at,
  endedAt: at,
  serverVersion: 180000,
  golden,
  clone: { method: 'copy', durationMs: 7, dropMs: 1, kept: null },
  stages: [stageBody('forward', { steps: [stepBody()] })],
  proof: null,
  twin: null,
  gateSchema: null,
  idempotent: null,
  repeatable: null,
  touched: [],
  barred: [],
  options: [],
  dispatch: {
    declared: null,
    network: 'none',
    notifications: { sent: 'none', heard: [], heardCount: 0 },
    called: [],
    foreign: [],
    modules: [],
  },
  leftovers: [],
  problems: [],
  ...more,
});

export const gateBody = (more: object = {}) => ({
  version: 1,
  release: 'small',
  seal,
  target: 'production',
  identity: null,
  verdict: { decision: 'OPEN' },
  entry: { takenAt: at, metrics: {}, schemaDigest: 'x' },
  exit: { takenAt: at, metrics: {}, schemaDigest: 'x' },
  changedMeanwhile: [],
  harmless: null,
  rows: { state: 'unread', why: 'no route' },
  readAt: at,
  ...more,
});

export const executionBody = (more: object = {}) => ({
  version: 1,
  release: 'small',
  seal,
  target: 'production',
  statement: seal,
  direction: 'up',
  tier: '1-rows',
  steps: [1, 2],
  epoch: '1',
  phase: 'intent',
  reason: null,
  at,
  ...more,
});

const dossier = {
  version: 1,
  writtenAt: at,
  production: false,
  release: { name: 'small', title: 'Small', summary: '', database: 'small', seal, sealedAt: at },
  target: 'production',
  authors: [],
  risks: [{ weight: 'stop', title: 'A', text: 'b', part: 'back' }],
  back: {
    verdict: 'strict',
    requires: 'strict',
    how: '',
    notProven: [],
    differences: [],
    differenceCount: 0,
    oneWay: [],
    losses: [],
    leftovers: [],
  },
  changes: { objects: null, objectCount: 0, rows: [] },
  time: {
    forwardMs: 1,
    backMs: null,
    range: { leastMs: 1, mostMs: 1, rehearsals: 1 },
    walBytes: 0,
    rewrites: [],
    caveats: [],
  },
  locks: [],
  now: { read: false, why: 'no route' },
  outside: { declared: null, dispatch: [], unmeasured: [], varies: [] },
  tiers: [],
  options: [],
  reviews: [],
  rehearsal: {
    endedAt: at,
    serverVersion: 180000,
    digest: seal,
    measuredBy: 'another key',
    golden: { takenAt: at, provider: 'template', bytes: 1, proofLevel: 'exact', origin: [] },
    problems: [],
  },
  evidence: [],
};

export const dossierBody = (more: object = {}) => ({ version: 1, dossier, digest: seal, ...more });

/** A footprint of nothing: what a rehearsal says of the schema. */
export const footprintBody: Footprint = {
  format: 1,
  anchors: { relations: [], relationNames: [], names: [], schemas: [], owner: 'app_owner' },
  before: {},
  after: [],
  varies: [],
  whole: digest('schema', ['whole']),
};
