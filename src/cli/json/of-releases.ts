import { z } from 'zod';
import { checkResultForm } from '../../check/index.ts';
import { goldenForm } from '../../clone/index.ts';
import { digestForm } from '../../core/index.ts';
import { baselineForm, readingForm } from '../../gate/index.ts';
import { harmlessForm } from '../../database/index.ts';
import { differenceForm, fingerprintForm } from '../../fingerprint/index.ts';
import { rehearsalForm } from '../../rehearsal/index.ts';
import {
  countForm,
  digestText,
  envelope,
  findingShape,
  problemFindingForm,
  type Published,
  published,
  text,
  texts,
  verdict,
} from './published.ts';

const lease = z.strictObject({
  database: text,
  owner: text,
  createdAt: text,
  expires: text,
  purpose: text,
  golden: text,
  kept: z.boolean(),
  sampled: z.literal(true).exactOptional(),
});
const { place, next, by } = findingShape;
const printedRehearsal = rehearsalForm.extend({
  stages: z.array(rehearsalForm.shape.stages.element.extend({ problems: z.array(problemFindingForm) })),
  options: z.array(rehearsalForm.shape.options.element.extend({ problems: z.array(problemFindingForm) })),
  problems: z.array(problemFindingForm),
});
const judged = checkResultForm.shape.migrations.element;
const printedFault = checkResultForm.shape.history.element.extend({ place, next, by });
const printedCheck = checkResultForm.extend({
  history: z.array(printedFault),
  migrations: z.array(
    judged.extend({
      faults: z.array(printedFault),
      hazards: z.array(judged.shape.hazards.element.extend({ place, fix: text, next, by })),
    }),
  ),
});
const side = z.looseObject({});
const noticed = z.array(z.looseObject({ kind: text, option: text, count: text, first: text }));

/** The commands that make, prove and compare. */
export const ofReleases = {
  'oneroof/error/1': {
    command: 'any that ends with an error',
    fields: '`problems`: list of [findings](#a-finding), each with `problem`, `excerpt?`, `detail?`',
    form: z.strictObject({
      ...envelope(z.union([z.literal(2), z.literal(3), z.literal(4)])),
      problems: z.array(problemFindingForm).min(1),
    }),
  },
  'oneroof/init/1': published(
    '`init`',
    '`file`; `policy`: the first policy, or null if one already existed; `release`: the paths of its files; `skill`: the file for agents, or null; `clone`: `{provider, reason, cost}` as recommended, or null if no way to copy was found',
    {
      file: text,
      policy: text.nullable(),
      release: texts,
      skill: text.nullable(),
      clone: z.strictObject({ provider: text, reason: text, cost: text }).nullable(),
    },
  ),
  'oneroof/new-tier/1': published('`new tier`', '`files`: the paths that were written', { files: texts }),
  'oneroof/lint/1': published('`lint`', '`name`, `tiers`, `steps` (numbers)', {
    name: text,
    tiers: countForm,
    steps: countForm,
  }),
  'oneroof/check/1': published(
    '`check`',
    '`result`: `project` (`tool`, `folder`, `knownBy`), `server`, `scope` (which migrations were judged, and why), `history` (what could not be replayed), `roles` and `rows` that were made, `golden`: the golden copy that was judged on (`of`, `takenAt`, `ageMs`, `level`, `masked`, `role`), or null, `against`: the production whose sizes are told, or null, `migrations`: list of `{id, name, up, down, verdict, faults, hazards, locks, onRows, milliseconds}`, each fault and hazard [a finding](#a-finding), `outcome`; `baseline`: `{known, fresh, vanished, note}` beside the baseline, or null (`note`: where the baseline comes from, where that is not the file that was named); every code is in [CHECK.md](CHECK.md), types in `src/check/check-result.ts`',
    {
      result: printedCheck,
      baseline: z
        .strictObject({
          known: countForm,
          fresh: countForm,
          vanished: z.array(z.looseObject({ migration: text, code: text })),
          note: text.nullable(),
        })
        .nullable(),
    },
  ),
  'oneroof/import/1': published(
    '`import`',
    '`target`, `tool`, `history`: the table, quoted as in SQL; `folder` of the release; `written`: the paths that were written; `tiers`: all imported tiers, `added`: those that are new, `withoutDown`: those that cannot be rolled back; `changes`: what tiers say in other words than the files',
    {
      target: text,
      tool: text,
      history: text,
      folder: text,
      written: texts,
      tiers: texts,
      added: texts,
      withoutDown: texts,
      changes: texts,
    },
  ),
  'oneroof/seal/1': published('`seal`', '`seal`', { seal: digestText }),
  'oneroof/seal-check/1': published(
    '`seal --check`',
    '`sealed` (or null), `current`, `changes`: list of `{path, before, after}`',
    {
      sealed: digestText.nullable(),
      current: digestText,
      changes: z.array(z.strictObject({ path: text, before: z.json(), after: z.json() })),
    },
  ),
  'oneroof/rehearsal/1': published(
    '`rehearse`',
    '`rehearsal`: `outcome`, `stages` with `steps` measured (`gateMs`: how long the gate itself holds their locks, or null), `proof`, `idempotent`, `repeatable`, `touched`, `options`, `noticed`, `problems` (also of a stage and of an option; each [a finding](#a-finding)), `production` (how the golden copy differed from it), `footprint` (what the release depends on); types in `src/rehearsal/record/rehearsal.ts`',
    { rehearsal: printedRehearsal },
  ),
  'oneroof/verify/1': published(
    '`verify`',
    '`target`, `metrics`, `held`, `violations`: lists of problems by set, each [a finding](#a-finding)',
    {
      target: text,
      metrics: z.record(text, z.number()),
      held: z.array(z.enum(['always', 'greenfield', 'finalized'])),
      violations: z.record(text, z.array(problemFindingForm)),
    },
  ),
  'oneroof/gate/1': published(
    '`gate`',
    '`reading`: `target`, `verdict: {decision, reasons?}`, `entry`, `exit`, `changedMeanwhile`, `harmless`, `rows`: what the rows of the gate say, `{state: "read", schema, cycles}` or `{state: "unread", why}`; `closed.up` and `closed.down` of a cycle are null, or `{code, facts: {said}}` with a code of the gate (`src/gate/refusal.ts`); `checked`: what `gate.verdict` returns for it; `drift`: how the schema differs from what was rehearsed. `reading.verdict` is what the observer measured of data and invariants; it is no permission. `copy`: when the copy of the newest rehearsal was taken, and when the rehearsal began; absent without one. `verdict`: `{up, down}`, each [a verdict](#a-verdict); exit 0 only if `up` is `GO`; types in `src/gate/gate.ts`',
    {
      reading: readingForm,
      verdict: z.strictObject({ up: verdict, down: verdict }),
      copy: z.strictObject({ takenAt: text, rehearsedAt: text }).exactOptional(),
    },
  ),
  'oneroof/baseline/2': published(
    '`baseline`',
    '`target`, `atEntry`, `atExit`: `{takenAt, metrics, schemaDigest}` or null, `harmless`, `changedMeanwhile`',
    {
      target: text,
      atEntry: baselineForm.nullable(),
      atExit: baselineForm.nullable(),
      harmless: harmlessForm.nullable(),
      changedMeanwhile: texts,
    },
  ),
  'oneroof/fingerprint/1': published(
    '`fingerprint`, and its `--out` file',
    "`as`: `observer` or `any role`; `fingerprint`: `of`, `serverVersion`, `takenAt`, `schema` (digests, objects, and `noticed`: options of the server's that are not compared), `data` (rows, sequences, `notProven`; null without `--rows`); types in `src/fingerprint/`",
    { as: z.enum(['observer', 'any role']), fingerprint: fingerprintForm.shape.fingerprint },
  ),
  'oneroof/diff/1': published(
    '`diff`',
    "`verdict`: `equal`, `different` or `not proven`; `before`, `after`: what was compared; `logical`, `strict`: lists of differences, with `examples` of rows; `notProven` (relation `*`: no row was compared), `noticed`: `{before, after}`, options of the server's that are not compared; `compared`, `hash`, `seeds`",
    {
      verdict: z.enum(['equal', 'different', 'not proven']),
      before: side,
      after: side,
      logical: z.array(differenceForm),
      strict: z.array(differenceForm),
      notProven: z.array(z.strictObject({ relation: text, reason: text })),
      noticed: z.strictObject({ before: noticed, after: noticed }),
      compared: z.strictObject({ objects: countForm, relations: countForm.nullable(), rows: text.nullable() }),
      hash: z.enum(['fast', 'strong']).nullable(),
      seeds: z.tuple([text, text]).nullable(),
    },
  ),
  'oneroof/clone-golden/1': published('`clone golden`', '`golden`: the generation, its source, method and size', {
    golden: goldenForm,
  }),
  'oneroof/clone-pull/1': published(
    '`clone pull`',
    '`taken`: whether a golden copy was taken; `golden`: the newest, as in `clone golden`; with `--print-cron` only `cron`, the line',
    { taken: z.boolean().exactOptional(), golden: goldenForm.exactOptional(), cron: text.exactOptional() },
  ),
  'oneroof/clone-make/1': published('`clone make`', '`lease`: as in `clone list`', { lease }),
  'oneroof/clone-list/1': published(
    '`clone list`',
    '`leases`: list of `{database, owner, createdAt, expires, purpose, golden, kept}`',
    { leases: z.array(lease) },
  ),
  'oneroof/clone-open/1': published('`clone open`', '`command`', { command: text }),
  'oneroof/clone-reset/1': published('`clone reset`', '`lease`: as in `clone list`', { lease }),
  'oneroof/clone-drop/1': published('`clone drop`', '`database`', { database: text }),
  'oneroof/clone-gc/1': published('`clone gc`', '`dropped`: list of names', { dropped: texts }),
  'oneroof/server-add/1': published(
    '`server add`',
    '`major`, `folder` of the programs; `fetched`: `{package, version, from, integrity}`, or null where they were there already',
    {
      major: countForm,
      folder: text,
      fetched: z.strictObject({ package: text, version: text, from: text, integrity: text }).nullable(),
    },
  ),
  'oneroof/server-list/1': published(
    '`server list`',
    '`servers`: list of `{major, origin: "system", "added", "embedded" or null, folder or null}`',
    {
      servers: z.array(
        z.strictObject({
          major: countForm,
          origin: z.enum(['system', 'added', 'embedded']).nullable(),
          folder: text.nullable(),
        }),
      ),
    },
  ),
  'oneroof/server-remove/1': published('`server remove`', '`major`, `folder`', { major: countForm, folder: text }),
  'oneroof/completion/1': published('`completion`', '`shell`, `script`', {
    shell: z.enum(['bash', 'zsh', 'fish']),
    script: text,
  }),
  'oneroof/demo/1': published(
    '`demo`',
    '`folder`; `ratify`: `page` or `auto` (keys of software); `story`: list of lines',
    { folder: text, ratify: z.enum(['page', 'auto']), story: texts },
  ),
  'oneroof/grants/1': published('`grants`', '`sql`', { sql: text }),
  'oneroof/doctor/1': published(
    '`doctor`',
    '`checks`: list of `{name, outcome: "ok", "warning" or "problem", text, code, facts, place, fix, next, by}`; `code` to `by` as of [a finding](#a-finding), `fix` and `by` null where nothing is to be done',
    {
      checks: z.array(
        z.strictObject({
          ...findingShape,
          name: text,
          outcome: z.enum(['ok', 'warning', 'problem']),
          text,
          fix: text.nullable(),
          by: by.nullable(),
        }),
      ),
    },
  ),
  'oneroof/log/1': published(
    '`log`',
    '`entries`: list of `{index, kind, digest, seal, recordedAt, size, by, uncounted}`, `uncounted`: why it does not count, or null; `checkpoint`: its text, or null',
    {
      entries: z.array(
        z.strictObject({
          index: countForm,
          kind: text,
          digest: digestForm,
          seal: digestForm,
          recordedAt: text,
          size: countForm,
          by: text,
          uncounted: text.nullable(),
        }),
      ),
      checkpoint: text.nullable(),
    },
  ),
} as const satisfies Readonly<Record<`oneroof/${string}/${number}`, Published>>;
