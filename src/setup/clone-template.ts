/** Where the clones of a new oneroof.yaml come from. */
export interface CloneChoice {
  readonly provider: 'dump' | 'physical';
  /** Why, for people: one line. */
  readonly reason: string;
  /** The address that is copied from, as a value of YAML. */
  readonly address: string;
  /** The data directory of production, as a value of YAML; null: the server is asked. */
  readonly dataDirectory: string | null;
}

/** The part of a new oneroof.yaml that says where clones come from: the one that was chosen, and every other provider as a comment. */
export function cloneText(source: string, choice: CloneChoice | null): string {
  const others = Object.entries(comments(source))
    .filter(([provider]) => provider !== choice?.provider)
    .map(([, text]) => text);
  const title = '# Where rehearsals get their clone of production from.';
  if (choice === null) return [title, ...others].join('\n');
  const why = `# Provider ${choice.provider}: ${choice.reason}.`;
  return [title, why, ...chosen(choice), '# Other ways:', ...others].join('\n');
}

function chosen({ provider, address, dataDirectory }: CloneChoice): readonly string[] {
  if (provider === 'physical')
    return [
      'clone:',
      '  provider: physical',
      `  backup: { url: ${address} }   # a role that may call pg_backup_start and pg_backup_stop`,
      ...(dataDirectory === null ? [] : [`  dataDirectory: ${dataDirectory}`]),
      '  folder: .oneroof/clones',
    ];
  return [
    'clone:',
    '  provider: dump',
    `  dump: { url: ${address} }   # a role that reads every row: \`oneroof grants --for-dump\` prints its SQL`,
    '  folder: .oneroof/clones',
    '  # maxRate: 20MB                       # read from production a second at most',
    '  # maxSnapshotAge: 1h                  # give up a copy that holds its snapshot longer',
  ];
}

/** Every provider, as a comment. */
function comments(source: string): Readonly<Record<string, string>> {
  return {
    template: `# template: CREATE DATABASE … TEMPLATE, on a server with a copy of production.
# clone:
#   provider: template
#   admin: { urlFrom: CLONE_ADMIN_URL }   # a role with CREATEDB
#   source: ${source.padEnd(30)}# the database that golden is copied from
#   sameServer: false                     # true only where the source's own server may carry the clones`,
    physical: `# physical: a copy of the data directory, run by a private server on this machine.
# clone:
#   provider: physical
#   backup: { service: backup }           # a role that may call pg_backup_start and pg_backup_stop
#   dataDirectory: /var/lib/postgresql/18/main
#   folder: .oneroof/clones
#   bin: /usr/lib/postgresql/18/bin`,
    dump: `# dump: a copy by SQL of a production on any host, run by a private server on this machine.
# clone:
#   provider: dump
#   dump: { service: production-dump }    # a role that reads every row: \`oneroof grants --for-dump\` prints its SQL
#   folder: .oneroof/clones
#   maxRate: 20MB                         # read from production a second at most
#   maxSnapshotAge: 1h                    # give up a copy that holds its snapshot longer`,
    basebackup: `# basebackup: the files of a production on any host, over the replication protocol, run by a private server on this machine.
# clone:
#   provider: basebackup
#   backup: { service: production-backup } # a role with REPLICATION: \`oneroof grants --for-basebackup\` prints its SQL
#   folder: .oneroof/clones
#   maxRate: 20MB                         # read from production a second at most
#   maxDuration: 6h                       # give up a copy that takes longer`,
    exec: `# exec: a program that asks a service for copies: Neon, Database Lab, RDS, … (docs/CLONES.md)
# clone:
#   provider: exec
#   command: [node, ./clone-neon.mjs]     # no shell reads it
#   env: [NEON_API_KEY, NEON_PROJECT_ID]  # all that the program gets of the environment
#   deadline: 10min                       # for one call`,
  };
}
