import { agentVerbs } from './agent-verbs.io.ts';
import { checkVerb, importVerb } from './check-verb.io.ts';
import { cloneVerbs } from './clone-verbs.io.ts';
import { serverVerbs } from './server-verbs.io.ts';
import { gateVerbs } from './gate-verbs.io.ts';
import { type Verb } from './verb.ts';
import { eachTarget, release, targetOption } from './words.ts';

/** Every command, in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: 'init',
    summary:
      'write a commented oneroof.yaml, a first policy and, if a folder is named, a small first release; never overwrite a file',
    arguments: [['[release]', 'the folder of a new release']],
    options: [
      [
        '--url <address>',
        'the address of the database, without a password; default: DATABASE_URL or the PG* variables, otherwise it asks on a terminal. The command reads the schemas and the owners of the tables, and looks for a way to copy the database, read-only',
      ],
      ['--service <name>', 'the same by the name of a service of pg_service.conf'],
      ['--agent', 'also write .agents/skills/oneroof/SKILL.md, what `oneroof skill` prints'],
    ],
    examples: [
      'oneroof init',
      'oneroof init my-release',
      'oneroof init --url postgres://me@db.example.org/shop',
      'oneroof init -C ops/database',
      'oneroof init --agent',
    ],
    load: () => import('./commands/init.io.ts'),
  },
  {
    name: 'new tier',
    summary: 'add an empty tier to a release, after its last tier',
    arguments: [
      ['<release>', 'the folder of the release'],
      ['<name>', 'the name of the tier, without its number'],
    ],
    examples: ['oneroof new tier my-release backfill-owners'],
    load: () => import('./commands/new-tier.io.ts'),
  },
  {
    name: 'draft back',
    summary: 'write a new release that undoes a rollout whose rollback is closed; people ratify it like any release',
    arguments: release,
    options: [targetOption, ['--out <folder>', 'the folder of the new release; default: RELEASE-back']],
    examples: ['oneroof draft back my-release', 'oneroof draft back my-release --target production --out undo'],
    load: () => import('./commands/draft-back.io.ts'),
  },
  {
    name: 'draft down',
    summary:
      'draft the rollback of a tier on clones: down.sql, and what up.sql must keep for it; the rehearsal judges it',
    arguments: [
      ['<release>', 'the folder of the release'],
      ['<tier>', 'the id of the tier, which has no down.sql yet'],
    ],
    examples: ['oneroof draft down my-release 2-backfill'],
    load: () => import('./commands/draft-down.io.ts'),
  },
  {
    name: 'doctor',
    summary: 'check this machine, oneroof.yaml and every target, and say how to fix each problem',
    arguments: [['[release]', 'a release: also check that the role of the rollout has the rights that it needs']],
    options: [targetOption],
    examples: ['oneroof doctor', 'oneroof doctor my-release', 'oneroof doctor --target production --json'],
    load: () => import('./commands/doctor.io.ts'),
  },
  {
    name: 'grants',
    summary: 'print the SQL of a role that can read a database and cannot write; its comment says who may run it',
    options: [
      ['--role <name>', 'the name of the role', 'oneroof_observer'],
      ['--schema <names>', 'the schemas that it may read, separated by commas', 'public'],
      [
        '--owner <roles>',
        'the roles that will create tables there, separated by commas; default: the owners of tables at the time the SQL runs',
      ],
      [
        '--for-dump',
        'a role that reads every row, for golden copies by the provider "dump": oneroof_dump where no --role is given',
      ],
      [
        '--for-basebackup',
        'the same with REPLICATION, for golden copies by the provider "basebackup": oneroof_backup where no --role is given',
      ],
    ],
    examples: [
      'oneroof grants',
      'oneroof grants --schema public,app | psql "$OWNER_URL"',
      'oneroof grants --schema app --owner app,migrations > observer.sql',
      'oneroof grants --for-dump > dump.sql',
    ],
    load: () => import('./commands/grants.io.ts'),
  },
  {
    name: 'lint',
    summary: 'report every problem of a release',
    arguments: release,
    examples: ['oneroof lint my-release', 'oneroof lint my-release --json'],
    load: () => import('./commands/lint.io.ts'),
  },
  {
    name: 'seal',
    summary: 'seal a release: one digest over everything that will run',
    arguments: release,
    options: [['--check', 'seal nothing; print what changed since the seal']],
    examples: ['oneroof seal my-release', 'oneroof seal --check my-release'],
    load: () => import('./commands/seal.io.ts'),
  },
  {
    name: 'rehearse',
    summary: 'run a sealed release forward, back and forward again on a clone, and prove the rollback',
    arguments: release,
    options: [
      ['--golden', 'take a new golden copy first'],
      ['--stale', 'rehearse on the golden copy although production differs from it; the approvers see this'],
      ['--full', 'read every row for the proof, also unchanged rows, and prove every half-way point'],
      ['--keep <when>', 'which clones stay: never, failed (default) or always'],
    ],
    examples: ['oneroof rehearse my-release', 'oneroof rehearse my-release --golden --json'],
    load: () => import('./commands/rehearse.io.ts'),
  },
  {
    name: 'verify',
    summary: 'check which invariants hold on a target, read-only',
    arguments: release,
    options: [targetOption],
    examples: ['oneroof verify my-release'],
    load: () => import('./commands/verify.io.ts'),
  },
  {
    name: 'gate',
    summary:
      'read the gate of production once, read-only: OPEN if a rollout may begin now, DONE, or BLOCKED with the reasons',
    arguments: release,
    options: [targetOption],
    examples: ['oneroof gate my-release', 'oneroof gate my-release && echo open'],
    load: () => import('./commands/gate.io.ts'),
  },
  {
    name: 'baseline',
    summary: 'measure every metric of a release on a target, read-only',
    arguments: release,
    options: [targetOption],
    examples: ['oneroof baseline my-release', 'oneroof baseline my-release --json'],
    load: () => import('./commands/baseline.io.ts'),
  },
  {
    name: 'report',
    summary: 'write the GO / NO-GO / DONE report from the evidence; exit 0 only if production execution is GO',
    arguments: release,
    options: [eachTarget],
    examples: ['oneroof report my-release', 'oneroof report my-release --target staging'],
    load: () => import('./commands/report.io.ts'),
  },
  {
    name: 'summary',
    summary: 'print a short report as Markdown, for a comment on a pull request; write and record nothing',
    arguments: release,
    options: [eachTarget, ['--link <address>', 'the address of the whole report']],
    examples: [
      'oneroof summary my-release',
      'oneroof summary my-release --link https://example.org/report.html > comment.md',
    ],
    load: () => import('./commands/summary.io.ts'),
  },
  {
    name: 'fingerprint',
    summary: 'print digests of a database, read-only: of its schema and, with --rows, of its rows',
    arguments: [
      [
        '[target]',
        'a target of oneroof.yaml (default: the default target), or env:NAME, the variable with its address',
      ],
    ],
    options: [
      ['--rows', 'read every row too'],
      ['--strong', 'hash rows with SHA-256, at about half the speed'],
      ['--like <file>', 'hash rows with the seeds of another fingerprint, so that the two can be compared'],
      ['--out <file>', 'write the whole fingerprint to a new file, for oneroof diff'],
    ],
    examples: ['oneroof fingerprint', 'oneroof fingerprint env:COPY_URL --rows --out before.json'],
    load: () => import('./commands/fingerprint.io.ts'),
  },
  {
    name: 'diff',
    summary:
      'compare two databases, schema and rows, read-only; exit 1 if they differ, or if equality is not fully proven',
    arguments: [
      [
        '<before>',
        'a target of oneroof.yaml, env:NAME (the variable with an address), or a file of oneroof fingerprint',
      ],
      ['<after>', 'the same'],
    ],
    options: [
      ['--schema-only', 'do not compare rows'],
      ['--strict', 'count strict differences too: positions of columns and sequences'],
      ['--strong', 'hash rows with SHA-256, at about half the speed'],
      ['--values', 'show the values of rows that differ: they may be secrets'],
      ['--limit <n>', 'the number of rows to show for each relation that differs', '3'],
    ],
    examples: [
      'oneroof diff production env:COPY_URL',
      'oneroof diff before.json production --schema-only',
      'oneroof diff env:ONE env:TWO --values --limit 10 --json',
    ],
    load: () => import('./commands/diff.io.ts'),
  },
  checkVerb,
  importVerb,
  ...gateVerbs,
  {
    name: 'demo',
    summary: 'run the whole process on the worked example, with its own databases: prove, ratify, roll out, roll back',
    options: [
      ['--auto', 'ask no one: software keys ratify, NOT FOR PRODUCTION; the default without a terminal'],
      ['--keep', 'keep production running until Ctrl-C, with its gate closed'],
    ],
    examples: ['oneroof demo', 'oneroof demo --auto', 'oneroof demo --keep'],
    load: () => import('./commands/demo.io.ts'),
  },
  ...cloneVerbs,
  ...serverVerbs,
  ...agentVerbs,
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    arguments: [['<shell>', 'bash, zsh or fish']],
    examples: [
      'oneroof completion bash >> ~/.bashrc',
      'oneroof completion fish > ~/.config/fish/completions/oneroof.fish',
    ],
    load: () => import('./commands/completion.io.ts'),
  },
];
