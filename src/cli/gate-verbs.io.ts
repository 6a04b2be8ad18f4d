import { reviewVerb } from './review-verb.io.ts';
import { type Verb } from './verb.ts';
import { eachTarget, release, targetOption } from './words.ts';

const registry = (name: 'check' | 'show') => async () => (await import('./commands/registry.io.ts')).registryVerb(name);

const gated = [['[target]', 'the target of oneroof.yaml; default: the default target']] as const;

const rolloutOptions = [
  targetOption,
  ['--through <tier>', 'the last tier to run'],
  ['--statement <digest>', 'the ratification; default: the one in progress, otherwise the newest open one'],
  ['--dry-run', 'write nothing; print what would run, and what would stop it'],
] as const;

/** The commands of the gate: who may ratify, ratifying, rolling out, and the record of it, in the order of the help. */
export const gateVerbs: readonly Verb[] = [
  {
    name: 'policy init',
    summary: 'write a first policy with a comment on each key; never overwrite a file',
    options: [
      [
        '--origin <address>',
        'the address where people will sign, such as https://gate.example.org, for a production policy; default: this machine, for a trial',
      ],
      ['--out <file>', 'the file; default: policyFile of oneroof.yaml'],
    ],
    examples: ['oneroof policy init', 'oneroof policy init --origin https://gate.example.org --out production.yaml'],
    load: () => import('./commands/policy-init.io.ts'),
  },
  {
    name: 'policy check',
    summary: 'check the policy, and that the persons of the registry can fill its seats',
    arguments: [['[policy]', 'the policy file; default: policyFile of oneroof.yaml']],
    examples: ['oneroof policy check', 'oneroof policy check next-policy.yaml --json'],
    load: () => import('./commands/policy.io.ts'),
  },
  {
    name: 'registry check',
    summary: 'check the registry, and that its persons can fill the seats of the policy',
    arguments: [['[registry]', 'the registry file; default: registryFile of oneroof.yaml']],
    examples: ['oneroof registry check', 'oneroof registry check next-registry.json'],
    load: registry('check'),
  },
  {
    name: 'registry show',
    summary: 'show persons, their levels and passkeys, and the keys of software',
    arguments: [['[registry]', 'the registry file; default: registryFile of oneroof.yaml']],
    examples: ['oneroof registry show', 'oneroof registry show --json'],
    load: registry('show'),
  },
  {
    name: 'registry drop',
    summary:
      'write the next version of the registry without a person, a key of a person, or a key of software; the quorum signs it',
    arguments: [['<person>', 'the id of the person, or of software']],
    options: [
      [
        '--key <credential>',
        'the beginning of the credential of one key (oneroof registry show); default: the whole person',
      ],
      ['--out <file>', 'the file of the next version; default: registry.next.json beside the registry'],
    ],
    examples: ['oneroof registry drop dan', 'oneroof registry drop ana --key Zk3vT0aQ'],
    load: () => import('./commands/registry-drop.io.ts'),
  },
  {
    name: 'registry add-key',
    summary: 'write the next version of the registry with a key of software and its rights; the quorum signs it',
    arguments: [['<id>', 'the name: lower-case letters, digits, dots, hyphens; an entry with this id is replaced']],
    options: [
      ['--key <key>', 'its public key, `ssh-ed25519 AAAA…`; default: the key of this machine'],
      ['--may <rights>', 'its rights, separated by commas: look, propose, record, rehearse, review, seal'],
      ['--out <file>', 'the file of the next version; default: registry.next.json beside the registry'],
    ],
    examples: [
      'oneroof registry add-key ci --may rehearse,seal',
      "oneroof registry add-key site --key 'ssh-ed25519 AAAA…' --may propose,record",
    ],
    load: () => import('./commands/registry-add-key.io.ts'),
  },
  {
    name: 'install',
    summary: 'print the SQL that installs the gate in a target, so that your DBA can read it; --apply runs it',
    arguments: gated,
    options: [
      ['--apply', 'run the SQL in one transaction, with the address `admin` of the target'],
      ['--app-owner <role>', "the role that owns the application's objects; default: the database's owner"],
      ['--policy <file>', 'the policy; default: policyFile of oneroof.yaml'],
      ['--registry <file>', 'the registry; default: registryFile of oneroof.yaml'],
      ['--loopback', 'also for a gate that is there: prepare it for statements outside of a transaction'],
    ],
    examples: [
      'oneroof install production > gate.sql',
      'oneroof install production --app-owner app --apply',
      'oneroof install production --loopback --apply',
    ],
    load: () => import('./commands/install.io.ts'),
  },
  {
    name: 'upgrade',
    summary: 'print the SQL that upgrades the gate of a target to the version of this program; --apply runs it',
    arguments: gated,
    options: [['--apply', 'run the SQL in one transaction, with the address `admin` of the target']],
    examples: ['oneroof upgrade production > upgrade.sql', 'oneroof upgrade production --apply'],
    load: () => import('./commands/upgrade.io.ts'),
  },
  {
    name: 'uninstall',
    summary: 'print the SQL that removes the gate from a target; --apply runs it',
    arguments: gated,
    options: [['--apply', 'run the SQL in one transaction, with the address `admin` of the target']],
    examples: ['oneroof uninstall production', 'oneroof uninstall production --apply'],
    load: () => import('./commands/uninstall.io.ts'),
  },
  {
    name: 'enrol',
    summary:
      'serve a page where a person makes a passkey, and write the next version of the registry with that passkey',
    options: [
      ['--person <id>', 'who: lower-case letters, digits, hyphens'],
      ['--name <name>', 'the name of a person who is not in the registry yet'],
      ['--level <n>', 'the level, from 1 to 9, of a person who is not in the registry yet'],
      ['--first', 'before a gate is installed: change version 1 of the registry itself'],
      ['--policy <file>', 'the policy for the key; default: policyFile of oneroof.yaml'],
      [
        '--out <file>',
        'the file of the next version; default: registry.next.json beside the registry, or the registry itself if there is none',
      ],
    ],
    examples: [
      'oneroof enrol --first --person ana --name "Ana" --level 4',
      'oneroof enrol --person ana',
      'oneroof enrol --person ana --policy policy.next.yaml',
    ],
    load: () => import('./commands/enrol.io.ts'),
  },
  {
    name: 'dossier',
    summary: 'print what an approver sees: risks, the rollback, changes, locks, production now, every statement',
    arguments: release,
    options: [eachTarget],
    examples: ['oneroof dossier my-release', 'oneroof dossier my-release --target production --json'],
    load: () => import('./commands/dossier.io.ts'),
  },
  reviewVerb,
  {
    name: 'ratify',
    summary:
      'serve a page where people ratify a rehearsed release, the next registry or the next policy, each with a passkey',
    arguments: [['[release]', 'the folder of the release']],
    options: [
      targetOption,
      ['--hours <number>', 'how long the ratification is valid; the policy sets the limit'],
      ['--hold-point <tier>', 'answer the hold point before this tier, for the rollout that is open'],
      ['--rollback', 'open the rollback of a begun rollout again, when its own ratification is closed'],
      ['--accept-drift', 'with --rollback: accept exactly the schema differences that others made since'],
      ['--registry <file>', 'instead of a release: the next registry; the quorum of the policy in force signs it'],
      ['--policy <file>', 'instead of a release: the next policy; the quorum of the policy in force signs it'],
    ],
    examples: [
      'oneroof ratify my-release',
      'oneroof ratify my-release --hours 4',
      'oneroof ratify my-release --hold-point 3-ownership',
      'oneroof ratify my-release --rollback',
      'oneroof ratify my-release --rollback --accept-drift',
      'oneroof ratify --registry registry.next.json',
      'oneroof ratify --policy policy.next.yaml --target production',
    ],
    load: () => import('./commands/ratify.io.ts'),
  },
  {
    name: 'decline',
    summary: 'serve a page where a person declines a release that waits, and signs the reason',
    arguments: [['<release>', 'the folder of the release']],
    options: [targetOption, ['--reason <text>', 'the reason; the person signs it, and it is kept']],
    examples: ['oneroof decline my-release --reason "the owners were not asked"'],
    load: async () => (await import('./commands/decline.io.ts')).closing('decline'),
  },
  {
    name: 'revoke',
    summary:
      'serve a page where one enrolled person closes the rollout of a release at once, or withdraws their own signature under the next registry or policy',
    arguments: [['[release]', 'the folder of the release']],
    options: [
      targetOption,
      ['--reason <text>', 'the reason; the person signs it, and it is kept'],
      ['--registry <file>', 'instead of a release: the next registry, under which a person withdraws their signature'],
      ['--policy <file>', 'instead of a release: the next policy, under which a person withdraws their signature'],
    ],
    examples: [
      'oneroof revoke my-release --reason "a customer reports wrong owners"',
      'oneroof revoke --registry registry.next.json --reason "the new key is not Ana\'s"',
    ],
    load: async () => (await import('./commands/decline.io.ts')).closing('revoke'),
  },
  {
    name: 'abandon',
    summary:
      'serve a page where the quorum abandons a release in a target: it stays in its present state, and its seal no longer opens anything there',
    arguments: [['<release>', 'the folder of the release']],
    options: [targetOption, ['--reason <text>', 'the reason; the person signs it, and it is kept']],
    examples: ['oneroof abandon my-release --reason "the rest comes with the next release"'],
    load: () => import('./commands/abandon.io.ts'),
  },
  {
    name: 'adopt',
    summary:
      'compare a restored or moved database with the log, and serve a page where the quorum adopts it as the target',
    arguments: gated,
    options: [['--reason <text>', 'the reason; the person signs it, and it is kept']],
    examples: ['oneroof adopt production --reason "moved to PostgreSQL 18"'],
    load: () => import('./commands/adopt.io.ts'),
  },
  {
    name: 'rollout',
    summary: 'roll out a ratified release, tier by tier, from the present state of the database; exit 1 if it is held',
    arguments: release,
    options: rolloutOptions,
    examples: ['oneroof rollout my-release --dry-run', 'oneroof rollout my-release --through 2-columns --json'],
    load: () => import('./commands/rollout.io.ts'),
  },
  {
    name: 'rollback',
    summary: 'roll back a release, last tier first, from the present state of the database; exit 1 if it is held',
    arguments: release,
    options: rolloutOptions,
    examples: ['oneroof rollback my-release', 'oneroof rollback my-release --through 3-ownership'],
    load: () => import('./commands/rollback.io.ts'),
  },
  {
    name: 'runbook',
    summary:
      'write the runbook for a person who rolls a release out, or back: state, commands, refusals; exit 1 while not open',
    arguments: release,
    options: [eachTarget],
    examples: ['oneroof runbook my-release', 'oneroof runbook my-release --target production > runbook.md'],
    load: () => import('./commands/runbook.io.ts'),
  },
  {
    name: 'prompt',
    summary:
      'write what an agent may do with a release now: only report while the gate is closed, otherwise one command; exit 1 while not open',
    arguments: release,
    options: [eachTarget],
    examples: ['oneroof prompt my-release', 'oneroof prompt my-release --json'],
    load: () => import('./commands/prompt.io.ts'),
  },
  {
    name: 'serve',
    summary: 'serve the site: releases, what approvers read, ratifying, live progress; until Ctrl-C',
    options: [['--new-token', 'make a new token, and end all sessions of older tokens']],
    examples: ['oneroof serve', 'oneroof serve -C ops/database', 'oneroof serve --new-token'],
    load: () => import('./commands/serve.io.ts'),
  },
  {
    name: 'log',
    summary: 'list the log: each entry, who signed it and whether it counts; exit 4 if an entry was lost or damaged',
    arguments: [['[release]', 'only the entries of this release']],
    options: [['--offline', 'use only the log; do not ask the targets which log people saw']],
    examples: ['oneroof log', 'oneroof log my-release --json'],
    load: () => import('./commands/log.io.ts'),
  },
  {
    name: 'bundle',
    summary: 'write all evidence of a release to one file, which can be verified offline',
    arguments: release,
    options: [
      targetOption,
      ['--offline', 'use only the log; do not ask the target what people signed there'],
      ['--out <file>', 'the file; default: NAME.bundle.json'],
    ],
    examples: ['oneroof bundle my-release --out evidence.json', 'oneroof bundle my-release --offline'],
    load: () => import('./commands/bundle.io.ts'),
  },
  {
    name: 'verify-evidence',
    summary:
      'verify a bundle offline: signatures, proofs, digests, reports (built again), and that people ratified each rollout',
    arguments: [['<bundle>', 'a file that oneroof bundle wrote']],
    options: [
      ['--keys <file>', 'the trusted public keys, one ssh-ed25519 line each'],
      ['--policy <file>', 'the policy that the gate was installed with'],
      ['--registry <file>', 'the registry that the gate was installed with'],
    ],
    examples: [
      'oneroof verify-evidence evidence.json --keys agents.pub',
      'oneroof verify-evidence evidence.json --keys agents.pub --policy policy.yaml --registry registry.json',
    ],
    load: () => import('./commands/verify-evidence.io.ts'),
  },
];
