import { type Verb } from './verb.ts';
import { release, target } from './words.ts';

const registry = (name: 'check' | 'show') => async () => (await import('./commands/registry.io.ts')).registryVerb(name);

const gated = [['[target]', 'the target of oneroof.yaml; the default one where absent']] as const;

const rolloutOptions = [
  target,
  ['--through <tier>', 'the last tier to do'],
  ['--statement <digest>', 'the ratification; the one in progress, or the newest open one, where absent'],
  ['--dry-run', 'write nothing; say what would be done, and what would hold it'],
] as const;

/** The commands of the gate: who may ratify, ratifying, rolling out, and the record of it, in the order of the help. */
export const gateVerbs: readonly Verb[] = [
  {
    name: 'policy check',
    summary: 'check the policy, and whether the persons of the registry can fill its seats',
    arguments: [['[policy]', 'the file of the policy; policyFile of oneroof.yaml where absent']],
    examples: ['oneroof policy check', 'oneroof policy check next-policy.yaml --json'],
    load: () => import('./commands/policy.io.ts'),
  },
  {
    name: 'registry check',
    summary: 'check the registry, and whether its persons can fill the seats of the policy',
    arguments: [['[registry]', 'the file of the registry; registryFile of oneroof.yaml where absent']],
    examples: ['oneroof registry check', 'oneroof registry check next-registry.json'],
    load: registry('check'),
  },
  {
    name: 'registry show',
    summary: 'show persons, their levels and passkeys, and the keys of software',
    arguments: [['[registry]', 'the file of the registry; registryFile of oneroof.yaml where absent']],
    examples: ['oneroof registry show', 'oneroof registry show --json'],
    load: registry('show'),
  },
  {
    name: 'registry drop',
    summary:
      'write the next version of the registry without a person, one of their keys, or a key of software, for the quorum to sign',
    arguments: [['<person>', 'the id of the person, or of software']],
    options: [
      [
        '--key <credential>',
        'the beginning of the credential of one key (oneroof registry show); the whole person where absent',
      ],
      ['--out <file>', 'where the next version is written; registry.next.json beside the registry where absent'],
    ],
    examples: ['oneroof registry drop dan', 'oneroof registry drop ana --key Zk3vT0aQ'],
    load: () => import('./commands/registry-drop.io.ts'),
  },
  {
    name: 'registry add-key',
    summary:
      'write the next version of the registry with a key of software, and what its entries may say, for the quorum to sign',
    arguments: [['<id>', 'how it is called: lower-case letters, digits, dots, hyphens; one of this id is replaced']],
    options: [
      ['--key <key>', "its public key, `ssh-ed25519 AAAA…`; this machine's own where absent"],
      ['--may <rights>', 'what it may say: look, propose, record, rehearse, seal; with commas between'],
      ['--out <file>', 'where the next version is written; registry.next.json beside the registry where absent'],
    ],
    examples: [
      'oneroof registry add-key ci --may rehearse,seal',
      "oneroof registry add-key site --key 'ssh-ed25519 AAAA…' --may propose,record",
    ],
    load: () => import('./commands/registry-add-key.io.ts'),
  },
  {
    name: 'install',
    summary: 'print the SQL that installs the gate in a target, for your DBA to read; run it with --apply',
    arguments: gated,
    options: [
      ['--apply', 'run it, in one transaction, over the address `admin` of the target'],
      ['--app-owner <role>', "the role that owns the application's objects; the database's owner where absent"],
      ['--policy <file>', 'who has to ratify; policyFile of oneroof.yaml where absent'],
      ['--registry <file>', 'who there is; registryFile of oneroof.yaml where absent'],
    ],
    examples: ['oneroof install production > gate.sql', 'oneroof install production --app-owner app --apply'],
    load: () => import('./commands/install.io.ts'),
  },
  {
    name: 'upgrade',
    summary: 'print the SQL that brings the gate of a target to the version of this program; run it with --apply',
    arguments: gated,
    options: [['--apply', 'run it, in one transaction, over the address `admin` of the target']],
    examples: ['oneroof upgrade production > upgrade.sql', 'oneroof upgrade production --apply'],
    load: () => import('./commands/upgrade.io.ts'),
  },
  {
    name: 'uninstall',
    summary: 'print the SQL that removes the gate from a target; run it with --apply',
    arguments: gated,
    options: [['--apply', 'run it, in one transaction, over the address `admin` of the target']],
    examples: ['oneroof uninstall production', 'oneroof uninstall production --apply'],
    load: () => import('./commands/uninstall.io.ts'),
  },
  {
    name: 'enrol',
    summary: 'serve a page on which a person makes a passkey, and write the next version of the registry with it',
    options: [
      ['--person <id>', 'who: lower-case letters, digits, hyphens'],
      ['--name <name>', 'the name, for somebody who is not in the registry yet'],
      ['--level <n>', 'the level, from 1 to 9, for somebody who is not in the registry yet'],
      ['--first', 'no gate was installed with the registry yet: it stays version 1, and is written in place'],
      ['--policy <file>', 'the policy that the key has to satisfy; policyFile of oneroof.yaml where absent'],
      [
        '--out <file>',
        'where the next version is written; registry.next.json beside the registry, or the registry itself where there is none',
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
    summary: 'print what an approver is shown: risks, the way back, changes, locks, production now, every statement',
    arguments: release,
    options: [target],
    examples: ['oneroof dossier my-release', 'oneroof dossier my-release --target production --json'],
    load: () => import('./commands/dossier.io.ts'),
  },
  {
    name: 'ratify',
    summary:
      'serve a page on which people ratify a rehearsed release, or the next registry or policy, each with a passkey',
    arguments: [['[release]', 'the folder of the release']],
    options: [
      target,
      ['--hours <number>', 'how long it is valid; the policy bounds it'],
      ['--hold-point <tier>', 'answer the hold point before this tier, for the rollout that is open'],
      ['--rollback', 'carry on the rollback of the rollout that has begun, where its own ratification is closed'],
      ['--registry <file>', 'instead of a release: the next registry, which the quorum of the policy in force signs'],
      ['--policy <file>', 'instead of a release: the next policy, which the quorum of the one in force signs'],
    ],
    examples: [
      'oneroof ratify my-release',
      'oneroof ratify my-release --hours 4',
      'oneroof ratify my-release --hold-point 3-ownership',
      'oneroof ratify my-release --rollback',
      'oneroof ratify --registry registry.next.json',
      'oneroof ratify --policy policy.next.yaml --target production',
    ],
    load: () => import('./commands/ratify.io.ts'),
  },
  {
    name: 'decline',
    summary: 'serve a page on which a person says, signed, why a release that waits is not ratified',
    arguments: [['<release>', 'the folder of the release']],
    options: [target, ['--reason <text>', 'why; it is signed and kept']],
    examples: ['oneroof decline my-release --reason "the owners were not asked"'],
    load: async () => (await import('./commands/decline.io.ts')).closing('decline'),
  },
  {
    name: 'revoke',
    summary:
      'serve a page on which one enrolled person closes the way forward of a release at once, or withdraws their own signature under the next registry or policy',
    arguments: [['[release]', 'the folder of the release']],
    options: [
      target,
      ['--reason <text>', 'why; it is signed and kept'],
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
      'serve a page on which the quorum ends a release in a target as it is: it stays so, and its seal opens nothing there any more',
    arguments: [['<release>', 'the folder of the release']],
    options: [target, ['--reason <text>', 'why; it is signed and kept']],
    examples: ['oneroof abandon my-release --reason "the rest comes with the next release"'],
    load: () => import('./commands/abandon.io.ts'),
  },
  {
    name: 'adopt',
    summary:
      'serve a page on which the quorum takes a database that was restored or moved as the target from now on, after comparing it with the log',
    arguments: gated,
    options: [['--reason <text>', 'why; it is signed and kept']],
    examples: ['oneroof adopt production --reason "moved to PostgreSQL 18"'],
    load: () => import('./commands/adopt.io.ts'),
  },
  {
    name: 'rollout',
    summary: 'roll a ratified release out, tier by tier, from where the database stands; exit 1 where it is held',
    arguments: release,
    options: rolloutOptions,
    examples: ['oneroof rollout my-release --dry-run', 'oneroof rollout my-release --through 2-columns --json'],
    load: () => import('./commands/rollout.io.ts'),
  },
  {
    name: 'rollback',
    summary: 'roll a release back, last tier first, from where the database stands; exit 1 where it is held',
    arguments: release,
    options: rolloutOptions,
    examples: ['oneroof rollback my-release', 'oneroof rollback my-release --through 3-ownership'],
    load: () => import('./commands/rollback.io.ts'),
  },
  {
    name: 'runbook',
    summary:
      'write what a person follows to roll a release out, or back: state, commands, refusals; exit 1 while not open',
    arguments: release,
    options: [target],
    examples: ['oneroof runbook my-release', 'oneroof runbook my-release --target production > runbook.md'],
    load: () => import('./commands/runbook.io.ts'),
  },
  {
    name: 'prompt',
    summary:
      'write what an agent may do with a release now: report while the gate is closed, else one button; exit 1 while not open',
    arguments: release,
    options: [target],
    examples: ['oneroof prompt my-release', 'oneroof prompt my-release --json'],
    load: () => import('./commands/prompt.io.ts'),
  },
  {
    name: 'serve',
    summary: 'serve the site: releases, what approvers read, ratifying, live progress; until Ctrl-C',
    options: [['--new-token', 'draw a new token, and show out everybody who came in with an older one']],
    examples: ['oneroof serve', 'oneroof serve -C ops/database', 'oneroof serve --new-token'],
    load: () => import('./commands/serve.io.ts'),
  },
  {
    name: 'log',
    summary: 'list what was recorded, with who signed it and whether it counts, and check it against the checkpoint',
    arguments: [['[release]', 'only what was recorded of this release']],
    examples: ['oneroof log', 'oneroof log my-release --json'],
    load: () => import('./commands/log.io.ts'),
  },
  {
    name: 'bundle',
    summary: 'write all that was recorded of a release to one file, which can be checked without anything else',
    arguments: release,
    options: [
      target,
      ['--offline', 'take what the log tells; do not ask the target what people signed there'],
      ['--out <file>', 'the file; NAME.bundle.json where absent'],
    ],
    examples: ['oneroof bundle my-release --out evidence.json', 'oneroof bundle my-release --offline'],
    load: () => import('./commands/bundle.io.ts'),
  },
  {
    name: 'verify-evidence',
    summary:
      'check a bundle, offline: signatures, proofs, digests, its reports built again, and that people ratified what was rolled out',
    arguments: [['<bundle>', 'a file that oneroof bundle wrote']],
    options: [
      ['--keys <file>', 'the public keys that are trusted, one ssh-ed25519 line each'],
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
