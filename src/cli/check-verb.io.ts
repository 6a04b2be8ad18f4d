import { type Verb } from './verb.ts';
import { targetOption } from './words.ts';

/** The command that judges migrations of other tools. */
export const checkVerb: Verb = {
  name: 'check',
  summary:
    'judge the migrations of a repository, of whatever tool: run each forward, back and forward again on a private PostgreSQL with rows; exit 1 if one is not safe. It needs no configuration and no database',
  arguments: [['[dir]', 'a folder of the repository; default: the current folder']],
  options: [
    ['--migrations <path>', 'the folder with the migrations, from the root of the repository, where several fit'],
    ['--postgres <major>', 'the version of PostgreSQL', '18'],
    ['--all', 'judge all migrations; default: those that are new or changed since the merge base with the main branch'],
    ['--from <id>', 'judge this migration and all after it'],
    [
      '--pending-in <database>',
      'judge what the tool would run next there, as its own history says: a target, an address without a password, or env:NAME',
    ],
    ['--history <table>', 'the table of its history, where it has another name or several fit'],
    [
      '--against <database>',
      'say how large each table is there, and how long what takes time may take: a target, an address without a password, or env:NAME. Of a target with `clone:` in oneroof.yaml: judge what is pending in its golden copy, on a copy of that, instead of synthetic rows',
    ],
    ['--golden-age <time>', 'how old that golden copy may be', '7d'],
    [
      '--record <command>',
      'for tools whose migrations are programs: run this command against the private server, without a network, and judge the SQL that it sends',
    ],
    ['--record-down <command>', 'the command that takes one migration back'],
    [
      '--record-with-network',
      'let these commands use the network: make sure that their configuration names no other database',
    ],
    ['--superuser', 'run the migrations as a superuser of the private server: only for SQL that you trust'],
    ['--show-values', 'show what the server says of values of rows'],
    ['--rows <file>', 'insert the rows of this SQL file before the first judged migration'],
    ['--jobs <n>', 'judge on so many private servers at a time, at most; default: the number of cores, at most 8'],
    [
      '--cache <folder>',
      'where the verdicts of earlier runs are; default: oneroof/check in $XDG_CACHE_HOME or ~/.cache. Who can write there can forge a verdict',
    ],
    ['--no-cache', 'judge each migration again, and keep no verdict'],
    ['--baseline <file>', 'do not fail on what this file lists: known faults'],
    ['--write-baseline', 'write everything that is found now to the file of --baseline'],
    ['--sarif <file>', 'write the result as SARIF, for code scanning'],
    ['--junit <file>', 'write the result as JUnit XML'],
    ['--markdown <file>', 'write the result as Markdown, for a comment on a pull request'],
  ],
  examples: [
    'oneroof check',
    'oneroof check services/shop --all',
    'oneroof check --postgres 16 --from 0042 --json',
    'oneroof check --migrations db/migrations',
    'oneroof check --all --jobs 4 --no-cache',
    'oneroof check --pending-in env:PRODUCTION_URL',
    'oneroof check --against production',
    "oneroof check --record 'npx knex migrate:up' --record-down 'npx knex migrate:down'",
    'oneroof check --baseline known-faults.json --sarif check.sarif',
  ],
  load: () => import('./commands/check-migrations.io.ts'),
};

/** The command that makes a release of them. */
export const importVerb: Verb = {
  name: 'import',
  summary:
    'write the migrations that are pending in a target as a release: a tier for each, with the row that its tool would record; run again, it adds what became pending since',
  arguments: [['[dir]', 'a folder of the repository with the migrations; default: the current folder']],
  options: [
    targetOption,
    ['--into <folder>', 'the folder of the release'],
    ['--migrations <path>', 'the folder with the migrations, from the root of the repository, where several fit'],
    ['--history <table>', "the table of the tool's history, where it has another name or several fit"],
  ],
  examples: [
    'oneroof import --into releases/orders',
    'oneroof import services/shop --target production --into releases/orders',
    'oneroof import --migrations db/migrations --into releases/orders --json',
  ],
  load: () => import('./commands/import.io.ts'),
};
