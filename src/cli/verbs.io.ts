import { cloneVerbs } from './clone-verbs.io.ts';
import { gateVerbs } from './gate-verbs.io.ts';
import { type Verb } from './verb.ts';
import { release, target } from './words.ts';

/** Every command, in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: 'init',
    summary: 'write a commented oneroof.yaml, and a small release to begin with where a folder is named',
    arguments: [['[release]', 'the folder of a new release']],
    examples: ['oneroof init', 'oneroof init my-release', 'oneroof init -C ops/database'],
    load: () => import('./commands/init.io.ts'),
  },
  {
    name: 'new tier',
    summary: 'add a tier that does nothing yet to a release, after its last one',
    arguments: [
      ['<release>', 'the folder of the release'],
      ['<name>', 'the name of the tier, without its number'],
    ],
    examples: ['oneroof new tier my-release backfill-owners'],
    load: () => import('./commands/new-tier.io.ts'),
  },
  {
    name: 'doctor',
    summary: 'check this machine, oneroof.yaml and every target, and say how to mend what is wrong',
    arguments: [['[release]', 'a release: whether the role of a rollout may do what it does']],
    options: [target],
    examples: ['oneroof doctor', 'oneroof doctor my-release', 'oneroof doctor --target production --json'],
    load: () => import('./commands/doctor.io.ts'),
  },
  {
    name: 'grants',
    summary: 'print the SQL that makes a role for looking at a database, which cannot write',
    options: [
      ['--role <name>', 'the name of the role', 'oneroof_observer'],
      ['--schema <names>', 'the schemas that it may read, separated by commas', 'public'],
    ],
    examples: ['oneroof grants', 'oneroof grants --schema public,app | psql "$OWNER_URL"'],
    load: () => import('./commands/grants.io.ts'),
  },
  {
    name: 'lint',
    summary: 'say everything that is wrong with a release',
    arguments: release,
    examples: ['oneroof lint my-release', 'oneroof lint my-release --json'],
    load: () => import('./commands/lint.io.ts'),
  },
  {
    name: 'seal',
    summary: 'seal a release: one digest over everything that will run',
    arguments: release,
    options: [['--check', 'seal nothing; say what has changed since']],
    examples: ['oneroof seal my-release', 'oneroof seal --check my-release'],
    load: () => import('./commands/seal.io.ts'),
  },
  {
    name: 'rehearse',
    summary: 'run a sealed release forward, back and forward again on a clone, and prove the way back',
    arguments: release,
    options: [
      ['--golden', 'take a new golden copy first'],
      ['--full', 'read every row for the proof, whatever changed, and prove every half-way point'],
      ['--keep <when>', 'which clones stay: never, failed (default) or always'],
    ],
    examples: ['oneroof rehearse my-release', 'oneroof rehearse my-release --golden --json'],
    load: () => import('./commands/rehearse.io.ts'),
  },
  {
    name: 'verify',
    summary: 'say which invariants hold on a target, read-only',
    arguments: release,
    options: [target],
    examples: ['oneroof verify my-release'],
    load: () => import('./commands/verify.io.ts'),
  },
  {
    name: 'gate',
    summary: 'read the gate in production once, read-only: OPEN, or BLOCKED with the reasons',
    arguments: release,
    options: [target],
    examples: ['oneroof gate my-release', 'oneroof gate my-release && echo open'],
    load: () => import('./commands/gate.io.ts'),
  },
  {
    name: 'baseline',
    summary: 'measure every metric of a release on a target, read-only',
    arguments: release,
    options: [target],
    examples: ['oneroof baseline my-release', 'oneroof baseline my-release --json'],
    load: () => import('./commands/baseline.io.ts'),
  },
  {
    name: 'report',
    summary:
      'write the GO / NO-GO / DONE report from the recorded evidence; exit 0 only where production execution is GO',
    arguments: release,
    options: [target],
    examples: ['oneroof report my-release', 'oneroof report my-release --target staging'],
    load: () => import('./commands/report.io.ts'),
  },
  {
    name: 'summary',
    summary: 'print the report in short, as Markdown fit for a comment on a pull request; write and record nothing',
    arguments: release,
    options: [target, ['--link <address>', 'where the whole report can be read']],
    examples: [
      'oneroof summary my-release',
      'oneroof summary my-release --link https://example.org/report.html > comment.md',
    ],
    load: () => import('./commands/summary.io.ts'),
  },
  {
    name: 'fingerprint',
    summary: 'say what is in a database, read-only: digests of its schema and, where asked for, of its rows',
    arguments: [
      [
        '[target]',
        'a target of oneroof.yaml (the default one where absent), or env:NAME, the variable with its address',
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
    summary: 'compare two databases, schema and rows, read-only; exit 1 where they differ or that is not fully proven',
    arguments: [
      [
        '<before>',
        'a target of oneroof.yaml, env:NAME (the variable with an address), or a file of oneroof fingerprint',
      ],
      ['<after>', 'the same'],
    ],
    options: [
      ['--schema-only', 'leave the rows out'],
      ['--strict', 'let differences count that are only strict: positions of columns and sequences'],
      ['--strong', 'hash rows with SHA-256, at about half the speed'],
      ['--values', 'show the values of rows that differ: they may be secrets'],
      ['--limit <n>', 'rows that are shown of each relation that differs', '3'],
    ],
    examples: [
      'oneroof diff production env:COPY_URL',
      'oneroof diff before.json production --schema-only',
      'oneroof diff env:ONE env:TWO --values --limit 10 --json',
    ],
    load: () => import('./commands/diff.io.ts'),
  },
  ...gateVerbs,
  {
    name: 'demo',
    summary: 'do the whole job on the worked example, with databases of its own: prove, ratify, roll out, roll back',
    options: [
      ['--auto', 'ask nobody: keys of software ratify, NOT FOR PRODUCTION; what happens where there is no terminal'],
      ['--keep', 'leave production running to play with, its gate closed, until Ctrl-C'],
    ],
    examples: ['oneroof demo', 'oneroof demo --auto', 'oneroof demo --keep'],
    load: () => import('./commands/demo.io.ts'),
  },
  ...cloneVerbs,
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
