import { z } from 'zod';
import { dossierForm } from '../../dossier/index.ts';
import { reportForm } from '../../report/index.ts';
import { reviewFindings, reviewForm } from '../../reviews/index.ts';
import {
  countForm,
  digestText,
  type Published,
  published,
  problemFindingForm,
  reasonFindingForm,
  some,
  text,
  texts,
  verdict,
} from './published.ts';

const foreignForm = problemFindingForm.extend({ statement: digestText, index: countForm, differs: texts });
const as = z.enum(['superuser', 'owner']);
const standing = z.looseObject({
  gate: z.enum(['open', 'done', 'closed']),
  verdict,
  reasons: texts.optional(),
  findings: z.array(reasonFindingForm).optional(),
});
const reportFinding = reasonFindingForm.extend({ target: text.nullable(), about: z.enum(['readiness', 'execution']) });
const paper = { target: text, seal: digestText, standing };
const installed = {
  applied: z.boolean(),
  as: as.optional(),
  target: text.optional(),
  sql: text.optional(),
};
const step = z.strictObject({ n: countForm, title: text, digest: digestText });

/** The commands of the gate: people, rollouts and their records. */
export const ofGates = {
  'oneroof/policy-init/1': published('`policy init`', '`file`', { file: text }),
  'oneroof/policy/1': published(
    '`policy check`',
    '`file`, `registry`: the file that it was compared with, or null; `digest`, `document`: its canonical text, `policy`',
    { file: text, registry: text.nullable(), digest: digestText, document: text, policy: some },
  ),
  'oneroof/registry/1': published(
    '`registry check`, `registry show`',
    '`file`, `policy`: the file that it was compared with, or null; `digest`, `document`: its canonical text, `registry`',
    { file: text, policy: text.nullable(), digest: digestText, document: text, registry: some },
  ),
  'oneroof/registry-drop/1': published(
    '`registry drop`',
    '`file`: the draft, `person`, `key`: the prefix or null, `version`, `digest`',
    { file: text, person: text, key: text.nullable(), version: countForm, digest: digestText },
  ),
  'oneroof/registry-add-key/1': published(
    '`registry add-key`',
    '`file`: the draft, `id`, `key`, `may`: the rights, `version`, `digest`',
    { file: text, id: text, key: text, may: texts, version: countForm, digest: digestText },
  ),
  'oneroof/enrol/1': published(
    '`enrol`',
    '`file`: the draft, `person`, `key`: as in the registry, `version`, `digest`',
    {
      file: text,
      person: text,
      key: some,
      version: countForm,
      digest: digestText,
    },
  ),
  'oneroof/ratify/1': published(
    '`ratify` of a release',
    '`statement`, `persons`, `verdict`: what the ratified rollout or rollback would do now ([a verdict](#a-verdict)); not part of what was signed',
    { statement: digestText, persons: texts, verdict },
  ),
  'oneroof/propose/1': published(
    '`propose`',
    '`target`, `statement`, `code`: what people type on the page, `address`: of the page; `complete`: whether every signature is there, `signed`: who signed, `missing`: what is missing, in words',
    {
      target: text,
      statement: digestText,
      code: text,
      address: text,
      complete: z.boolean(),
      signed: texts,
      missing: texts,
    },
  ),
  'oneroof/mcp/1': published(
    '`mcp`, when it ends',
    '`address`: where it listened, or null for standard input and output',
    {
      address: text.nullable(),
    },
  ),
  'oneroof/skill/1': published('`skill`', '`skill`: the file, as Markdown', { skill: text }),
  'oneroof/docs/1': published('`docs`', '`page`: its name, or null for the list; `pages`: all names; `text`', {
    page: text.nullable(),
    pages: texts,
    text,
  }),
  'oneroof/change/1': published(
    '`ratify --registry`, `ratify --policy`',
    '`target`, `kind`: `registry` or `policy`, `digest`: now in force, `statement`, `persons`, `file`',
    {
      target: text,
      kind: z.enum(['registry', 'policy']),
      digest: digestText,
      statement: digestText,
      persons: texts,
      file: text,
    },
  ),
  'oneroof/review/1': published(
    '`review`',
    '`entry`: its index in the log, `digest`, `seal`, `finding`, `key`: the fingerprint of the key that signed it, `counted`: list of `{target, by, from, why}`: the name of the key in the registry of that target and whether it also sealed the release, or why the review does not count there',
    {
      entry: countForm,
      digest: digestText,
      seal: digestText,
      finding: z.enum(reviewFindings),
      key: text,
      counted: z.array(
        z.strictObject({ target: text, by: text.nullable(), from: text.nullable(), why: text.nullable() }),
      ),
    },
  ),
  'oneroof/decline/1': published('`decline`', '`statement`, `ratification`, `person`, `reason`', {
    statement: digestText,
    ratification: digestText,
    person: text,
    reason: text,
  }),
  'oneroof/revoke/1': published('`revoke` of a release', '`statement`, `ratification`, `person`, `reason`', {
    statement: digestText,
    ratification: digestText,
    person: text,
    reason: text,
  }),
  'oneroof/withdrawal/1': published(
    '`revoke --registry`, `revoke --policy`',
    '`statement`, `change`: the statement whose signature was withdrawn, `person`, `reason`',
    { statement: digestText, change: digestText, person: text, reason: text },
  ),
  'oneroof/abandon/1': published('`abandon`', '`target`, `seal`, `statement`, `persons`: who signed, `reason`', {
    target: text,
    seal: digestText,
    statement: digestText,
    persons: texts,
    reason: text,
  }),
  'oneroof/adopt/1': published(
    '`adopt`',
    '`target`, `statement`, `incarnation`: the new one, `persons`: who signed, `lost`: what the restore lost, in words',
    { target: text, statement: digestText, incarnation: text, persons: texts, lost: texts },
  ),
  'oneroof/report/2': published(
    '`report`',
    '`reports`: one for each target: `target`, `readiness`, `execution: {status: "GO", "NO-GO" or "DONE", reasons}`, `rolledOut`, `tiers` with `state`, `components`, `blockers`, `next`, `meanwhile`, …; types in `src/report/report.ts`; `findings`: why a verdict is not `GO`, each [a finding](#a-finding) with `target` and `about`: `readiness` or `execution`; exit 1 if execution is not `GO` for all of them, so also if it is `DONE`',
    { reports: z.array(reportForm).min(1), findings: z.array(reportFinding) },
  ),
  'oneroof/summary/2': published(
    '`summary`',
    '`seal`, `verdicts`: list of `{target, readiness, execution}`, `findings` as for `report`, `markdown`; exit as for `report`',
    {
      seal: digestText,
      verdicts: z
        .array(
          z.strictObject({
            target: text,
            readiness: z.enum(['GO', 'NO-GO']),
            execution: z.enum(['GO', 'NO-GO', 'DONE']),
          }),
        )
        .min(1),
      findings: z.array(reportFinding),
      markdown: text,
    },
  ),
  'oneroof/dossier/2': published(
    '`dossier`',
    '`dossiers`: one for each target: `target`, `dossier`: everything that is shown to an approver; types in `src/dossier/dossier.ts`; `digest`: of its text; `verdict`: `{up, down}`, read now and not part of the dossier, each [a verdict](#a-verdict); `foreign`: recorded proposals that this host did not make for this release, list of `{statement, index, differs}`, each [a finding](#a-finding) too',
    {
      dossiers: z
        .array(
          z.strictObject({
            target: text,
            dossier: dossierForm,
            digest: digestText,
            verdict: z.strictObject({ up: verdict, down: verdict }),
            foreign: z.array(foreignForm),
          }),
        )
        .min(1),
    },
  ),
  'oneroof/rollout/2': published(
    '`rollout`, `rollback`',
    '`target`, `direction`, `statement` (or null), `blockers`, `verdict`: what was found before it ([a verdict](#a-verdict)), `drops`: for a rollback, the tables and columns that it drops, list of `{name, kind, written, rows, more}`, `rows`: how many it has now, or null, `written`: rows that the rollout itself wrote on the clone, `more`: whether there are more rows; `result`: `done`, `nothing-to-do`, `held` or `planned`. If it ran: `tiers`: the names of those that it ran; `runs`: list of `{tier, steps, started, ended, replication}` for these, `steps` a number, `replication`: `as-configured`, or `uncertain` if a synchronous standby may lack the tier; `schemaDigest`: of the schema at the end; `looked`: whether the command read the target afterwards, as `gate` does, and recorded it; `after`: what people must still do by hand, list of `{title, run}`, empty while it is not complete. If it did not begin: `plan`: list of `{tier, steps: list of {n, title, digest}}`. `reasons` if it is held, and `held`: the same, each [a finding](#a-finding); exit 1',
    {
      target: text,
      direction: z.enum(['up', 'down']),
      statement: digestText.nullable(),
      blockers: texts,
      verdict,
      drops: z.array(
        z.strictObject({
          name: text,
          kind: z.enum(['table', 'column']),
          written: z.int().nullable(),
          rows: countForm.nullable(),
          more: z.boolean(),
        }),
      ),
      result: z.enum(['done', 'nothing-to-do', 'held', 'planned']),
      tiers: texts.optional(),
      runs: z
        .array(
          z.strictObject({
            tier: text,
            steps: countForm,
            started: text,
            ended: text,
            replication: z.enum(['as-configured', 'uncertain']),
          }),
        )
        .optional(),
      schemaDigest: text.nullable().optional(),
      looked: z.boolean().optional(),
      after: z.array(z.strictObject({ title: text, run: text.nullable() })).optional(),
      plan: z.array(z.strictObject({ tier: text, steps: z.array(step) })).optional(),
      reasons: texts.optional(),
      held: z.array(reasonFindingForm).optional(),
    },
  ),
  'oneroof/draft-back/1': published(
    '`draft back`',
    '`target`, `folder`: of the new release, `files`: the paths that were written',
    { target: text, folder: text, files: texts },
  ),
  'oneroof/draft-down/1': published(
    '`draft down`',
    '`tier`, `files`: the paths that were written; `begin`, `end`: what was added to up.sql; `down`: the statements of down.sql; `left`: list of [findings](#a-finding), each with `problem`: what the draft does not undo; exit 1 if there are any',
    { tier: text, files: texts, begin: texts, end: texts, down: texts, left: z.array(problemFindingForm) },
  ),
  'oneroof/runbook/2': published(
    '`runbook`',
    '`runbooks`: one for each target: `target`, `seal`, `standing`: `{gate: "open", "done" or "closed", cycle, next?, reasons?, findings?, verdict}` with [a verdict](#a-verdict), `findings`: its reasons, each [a finding](#a-finding), `markdown`; exit 1 while one of them is not open',
    { runbooks: z.array(z.strictObject({ ...paper, markdown: text })).min(1) },
  ),
  'oneroof/prompt/2': published(
    '`prompt`',
    '`prompts`: one for each target: `target`, `seal`, `standing` as for `runbook`, `prompt`; exit 1 while one of them is not open',
    { prompts: z.array(z.strictObject({ ...paper, prompt: text })).min(1) },
  ),
  'oneroof/bundle/1': published(
    '`bundle`',
    '`file`, `bytes`, `unasked`: why the target was not asked for what people signed there, or null',
    { file: text, bytes: countForm, unasked: text.nullable() },
  ),
  'oneroof/verify-evidence/1': published(
    '`verify-evidence`',
    '`release: {name, seal}`, `entries` (number), `by`: fingerprints of keys, `trusted`: whether `--keys` named them; `rooted`: whether `--policy` and `--registry` were named; `roots`: list of `{target, policy, registry}`; `said`: what people signed; `done`: the transactions of rollouts; `whose`: whose entries count, as sentences; `uncounted`: list of `{index, kind, by, why}`, entries that do not count; `reviews`: those that count, the newest of each key; `unread`: list of `{index, kind, reason}`, evidence that cannot be read; `foreign`: list of `{index, target, statement, differs}`, proposals that were not made for this release, each [a finding](#a-finding) too; `unjudged`: how many could not be judged; types in `src/bundle/people.ts`',
    {
      release: z.strictObject({ name: text, seal: digestText }),
      entries: countForm,
      by: texts,
      trusted: z.boolean(),
      rooted: z.boolean(),
      roots: z.array(z.strictObject({ target: text, policy: text, registry: text })),
      said: z.array(some),
      done: z.array(some),
      whose: texts,
      reviews: z.array(reviewForm),
      uncounted: z.array(z.strictObject({ index: countForm, kind: text, by: text.nullable(), why: text })),
      unread: z.array(z.strictObject({ index: countForm, kind: text, reason: text })),
      foreign: z.array(foreignForm.extend({ target: text })),
      unjudged: countForm,
    },
  ),
  'oneroof/install/1': published(
    '`install`',
    '`applied`, `as`: `superuser` or `owner`; `target` if it was applied, otherwise `sql`',
    installed,
  ),
  'oneroof/uninstall/1': published('`uninstall`', '`applied`, `as`, `target`, `sql`, as for `install`', installed),
  'oneroof/upgrade/1': published(
    '`upgrade`',
    '`target`, `from`, `to`: versions of the gate, `applied`, `as`: `superuser` or `owner`; `sql` if it was printed',
    { ...installed, from: countForm, to: countForm },
  ),
  'oneroof/serve/1': published('`serve`, when it ends', '`origin`: the address that it served', { origin: text }),
} as const satisfies Readonly<Record<`oneroof/${string}/${number}`, Published>>;
