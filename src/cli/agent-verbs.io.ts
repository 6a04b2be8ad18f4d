import { type Verb } from './verb.ts';
import { release, targetOption } from './words.ts';

/** The commands for agents, in the order of the help. */
export const agentVerbs: readonly Verb[] = [
  {
    name: 'propose',
    summary:
      'record what people are asked to sign for a rehearsed release, and print the address of the page that they open; it signs nothing and waits for no one',
    arguments: release,
    options: [targetOption, ['--hours <number>', 'how long the ratification is valid; the policy sets the limit']],
    examples: ['oneroof propose my-release', 'oneroof propose my-release --target production --hours 4 --json'],
    load: () => import('./commands/propose-release.io.ts'),
  },
  {
    name: 'mcp',
    summary:
      'serve tools for an agent by the Model Context Protocol, on standard input and output or over HTTP on this machine: check, rehearse, report, propose. No tool ratifies, enrols or changes a gate',
    options: [
      [
        '-t, --target <names>',
        'the targets that calls may reach, separated by commas; default: all targets of oneroof.yaml',
      ],
      ['--run', 'also offer the tool that rolls out what people have ratified'],
      [
        '--http <port>',
        'serve over HTTP at this port of 127.0.0.1, or at [::1]:PORT, instead of standard input and output',
      ],
      ['--token-file <file>', 'where the new token for --http is written, mode 600; default: .oneroof/mcp.token'],
    ],
    examples: ['oneroof mcp', 'oneroof mcp -C ops/database --target staging', 'oneroof mcp --http 7341'],
    load: () => import('./commands/mcp.io.ts'),
  },
  {
    name: 'skill',
    summary: 'print a short file for coding agents: how to write a release, what errors mean, what they must not try',
    examples: ['oneroof skill', 'oneroof skill > SKILL.md'],
    load: () => import('./commands/skill.io.ts'),
  },
  {
    name: 'docs',
    summary: 'print a page of the documentation, or the list of pages',
    arguments: [['[page]', 'the name of the page, such as CHECK or reference/release-yaml']],
    options: [['--heading <text>', 'only the sections whose heading, or row of a table, contains this text']],
    examples: ['oneroof docs', 'oneroof docs CHECK', 'oneroof docs ERRORS --heading NOT_REHEARSED'],
    load: () => import('./commands/docs.io.ts'),
  },
];
