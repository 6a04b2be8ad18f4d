import { literal } from '../../database/index.ts';

/** A table of the gate: its definition, and the comments that PostgreSQL keeps. */
interface GateTable {
  readonly name: string;
  readonly means: string;
  /** Name, type with constraints, and meaning. */
  readonly columns: readonly (readonly [name: string, type: string, means: string])[];
  readonly constraints?: readonly string[];
  /** Whole statements. */
  readonly indexes?: readonly string[];
}

const gateTables: readonly GateTable[] = [
  {
    name: 'identity',
    means: 'Who this database is; one row.',
    columns: [
      ['single', 'boolean primary key default true check (single)', 'One row.'],
      [
        'incarnation',
        'uuid not null default gen_random_uuid()',
        'Drawn when the gate is installed; part of what people sign.',
      ],
      ['uri', 'text not null', 'The name of the target; part of what people sign.'],
      ['app_owner', 'text not null', 'The role that ratified steps run as.'],
      ['version', 'integer not null', 'The version of the gate.'],
      ['intact', "text not null default ''", 'The result of gate.intact_digest() when the gate was installed.'],
      [
        'home',
        'oid not null',
        'The OID of this table when the gate was installed or adopted: a restored table has another one.',
      ],
      ['installed_at', 'timestamptz not null default clock_timestamp()', 'When the gate was installed.'],
    ],
  },
  {
    name: 'documents',
    means: 'Registries and policies; the newest of each kind is in force.',
    columns: [
      ['number', 'bigint generated always as identity primary key', 'In the order of acceptance.'],
      ['kind', "text not null check (kind in ('registry', 'policy'))", 'registry or policy.'],
      ['digest', 'text not null', 'sha256 over the framed body.'],
      ['body', 'text not null', 'Canonical JSON.'],
      ['accepted_at', 'timestamptz not null default clock_timestamp()', 'When it came into force.'],
      [
        'statement',
        'text unique',
        'The statement that put it in force, once; null: it was pinned when the gate was installed.',
      ],
    ],
  },
  {
    name: 'releases',
    means: 'Sealed releases that people may ratify.',
    columns: [
      ['seal', 'text primary key', 'The digest of the body.'],
      ['body', 'text not null', 'The seal document: canonical JSON.'],
      ['queries', 'jsonb not null', 'Metrics and checks: step digest to text.'],
    ],
  },
  {
    name: 'first_seen',
    means:
      'When each sealed release was first handed in: the time for review counts from then. A row stays when the body is deleted.',
    columns: [
      ['seal', 'text primary key', 'The digest of the body.'],
      ['received_at', 'timestamptz not null default clock_timestamp()', 'By the clock of this database.'],
    ],
  },
  {
    name: 'statements',
    means: 'What people signed. One ratification is one cycle: one rollout and its rollback.',
    columns: [
      ['digest', 'text primary key', 'sha256 over the DSSE encoding of the body.'],
      ['kind', 'text not null', 'The last part of the predicate type.'],
      ['subject', 'text not null', 'The digest that the statement is about.'],
      ['body', 'text not null', 'Canonical in-toto statement.'],
      ['received_at', 'timestamptz not null default clock_timestamp()', 'When the first signature was received.'],
    ],
    indexes: [
      // each step asks whether a statement was revoked
      'create index statements_subject on gate.statements (subject)',
    ],
  },
  {
    name: 'signatures',
    means: 'Passkey signatures that this database has verified.',
    columns: [
      ['statement', 'text not null references gate.statements', 'What was signed.'],
      ['person', 'text not null', 'The signer, by the registry of that time.'],
      ['x', 'text not null', 'The public key: the identity of a key.'],
      ['y', 'text not null', 'The public key: the identity of a key.'],
      ['credential', 'text not null', 'The id that the authenticator gave it.'],
      ['authenticator_data', 'bytea not null', 'As signed.'],
      ['client_data', 'bytea not null', 'As signed.'],
      ['signature', 'bytea not null', 'DER.'],
      ['received_at', 'timestamptz not null default clock_timestamp()', 'By the clock of this database.'],
    ],
    constraints: ['primary key (statement, person)', 'unique (statement, x, y)'],
  },
  {
    name: 'targets',
    means: "This database's own leaf in the tree that a statement names.",
    columns: [
      ['statement', 'text primary key references gate.statements', 'The ratification.'],
      ['descriptor', 'text not null', 'Canonical JSON.'],
    ],
  },
  {
    name: 'footprints',
    means:
      'The objects that a release depends on and how they were in rehearsal, or the differences that people accept.',
    columns: [
      ['digest', 'text primary key', 'The digest of the body, which the descriptor of a target names.'],
      ['body', 'text not null', 'Canonical JSON.'],
      ['parts', 'jsonb not null', 'The body without the later states, parsed once.'],
      ['received_at', 'timestamptz not null default clock_timestamp()', 'By the clock of this database.'],
    ],
  },
  {
    name: 'rehearsed_states',
    means: 'The state of a footprint in rehearsal after each tier, and after each step that commits by itself.',
    columns: [
      ['footprint', 'text not null references gate.footprints on delete cascade', 'The footprint.'],
      ['n', 'integer not null', 'Its position in the order of the rehearsal.'],
      ['direction', 'text not null', 'up or down.'],
      ['tier', 'text not null', 'The tier.'],
      ['step', 'integer', 'The step; null: after the tier.'],
      ['changes', 'jsonb not null', 'What changed since the previous state; null: the object was dropped.'],
    ],
    constraints: ['primary key (footprint, n)'],
  },
  {
    name: 'states',
    means: 'The state of a footprint when the last transaction of a cycle read it.',
    columns: [
      ['statement', 'text primary key references gate.statements', 'The ratification.'],
      ['objects', 'jsonb not null', 'The properties of each object.'],
      ['accepted', 'jsonb not null', 'The differences that people accepted.'],
      ['versions', 'text', 'A hash of the versions of the catalogue rows of these objects.'],
      ['xid', 'xid8', 'The transaction that last found the gate and the rights unchanged.'],
      ['changes', 'bigint', 'How many catalogue rows it had written by then.'],
    ],
  },
  {
    name: 'fence',
    means: 'The newest attempt; an older one is refused.',
    columns: [
      ['single', 'boolean primary key default true check (single)', 'One row.'],
      ['epoch', 'bigint not null default 0', 'Grows by one with each attempt.'],
      ['pid', 'integer', 'The server process that began it, or last entered a tier.'],
      ['taken_at', 'timestamptz', 'When that was: a process with this pid that started later is another process.'],
    ],
  },
  {
    name: 'tiers',
    means: 'Tiers that were entered.',
    columns: [
      ['statement', 'text not null references gate.statements', 'The ratification.'],
      ['direction', "text not null check (direction in ('up', 'down'))", 'up or down.'],
      ['tier', 'text not null', 'The tier.'],
      ['epoch', 'bigint not null', 'The attempt.'],
      ['xid', 'xid8 not null', 'The transaction that last entered it.'],
      ['definers', 'text not null', 'The digest of gate.definers() when the tier was entered.'],
      ['steps', 'text[] not null', 'The digests of its steps, as sealed.'],
      ['transaction', 'text not null', 'single or each, as sealed.'],
      ['path', 'text not null', 'The search path of its steps, as sealed.'],
      ['until', 'timestamptz not null', 'When its time ends, as known when the tier was entered.'],
      ['documents', 'bigint not null', 'The newest registry or policy when the tier was entered.'],
      ['answered', 'text', 'The ratification that answered the hold point before it; null: there was none.'],
      [
        'began',
        'timestamptz not null default transaction_timestamp()',
        'When that transaction began: a server to which the rows were restored may assign the same xid again.',
      ],
      [
        'names',
        "text[] not null default '{}'",
        'Names of the settings of each step: time-outs, and those of the release.',
      ],
      ['settings', "text[] not null default '{}'", 'Their values, in the same order.'],
      [
        'programs',
        "text[] not null default '{}'",
        'The catalogue rows of routines, triggers and rules that it depends on, when it was entered.',
      ],
    ],
    constraints: ['primary key (statement, direction, tier)'],
  },
  {
    name: 'steps',
    means: 'Steps that ran, each once.',
    columns: [
      ['statement', 'text not null', 'The ratification.'],
      ['direction', 'text not null', 'up or down.'],
      ['tier', 'text not null', 'The tier.'],
      ['n', 'integer not null', 'From 1 within tier and direction.'],
      ['digest', 'text not null', "The step's digest, as sealed."],
      ['token', 'bytea', 'While it runs: the hash of a secret that only gate.run_step knows. Null: it has run.'],
      ['epoch', 'bigint not null', 'The attempt.'],
      ['done_at', 'timestamptz default clock_timestamp()', 'By the clock of this database. Null: some batches remain.'],
      ['batches', 'integer not null default 0', 'How many batches were committed.'],
      ['keys', 'bigint not null default 0', 'How many keys were in them.'],
      ['expected', 'bigint', "How many keys the table had, by the server's estimate; null: unknown."],
      ['after', 'text', 'The last key of the last batch.'],
      ['last', 'text', 'The last key that the table had when the step began.'],
      ['xid', 'xid8', 'The transaction of the last batch.'],
    ],
    constraints: [
      'primary key (statement, direction, tier, n)',
      'foreign key (statement, direction, tier) references gate.tiers',
    ],
  },
  {
    name: 'markers',
    means: 'Tiers that are done, written in the same transaction as their changes.',
    columns: [
      ['statement', 'text not null', 'The ratification.'],
      ['direction', 'text not null', 'up or down.'],
      ['tier', 'text not null', 'The tier.'],
      ['epoch', 'bigint not null', 'The attempt.'],
      ['steps', 'integer not null', 'How many steps it had.'],
      [
        'schema_after',
        'text',
        'The result of gate.schema_digest() when the tier was done; null: the policy does not compare the whole schema.',
      ],
      ['ordinal', 'bigint generated always as identity', 'The order in which tiers were done.'],
      ['left_at', 'timestamptz not null default clock_timestamp()', 'By the clock of this database.'],
    ],
    constraints: [
      'primary key (statement, direction, tier)',
      'foreign key (statement, direction, tier) references gate.tiers',
    ],
  },
  {
    name: 'outside',
    means: 'Statements outside of a transaction: what was to be sent, and what became of it.',
    columns: [
      ['statement', 'text not null', 'The ratification.'],
      ['direction', 'text not null', 'up or down.'],
      ['tier', 'text not null', 'The tier.'],
      ['n', 'integer not null', 'The step.'],
      ['probe', 'jsonb not null', 'What decides it, as sealed.'],
      ['before', 'jsonb not null', 'What the catalogue said before.'],
      ['session', 'text not null', 'The name of the session that runs it.'],
      ['tries', 'integer not null default 1', 'How often it was to be sent.'],
      [
        'phase',
        "text not null default 'sent' check (phase in ('sent', 'debris', 'clearing', 'absent', 'done'))",
        'sent: it may be running. debris: it was cut off half way. clearing: what it left is taken away. absent: nothing of it is there. done.',
      ],
      ['undecided', "boolean generated always as (phase not in ('absent', 'done')) stored", 'It may be there.'],
      ['pid', 'integer', 'The server process that runs it; null: not known.'],
      ['answer', 'text', 'done, or the SQLSTATE and message of the server; null: no one heard it.'],
      ['began_at', 'timestamptz not null default clock_timestamp()', 'When the intention was written.'],
      ['sent_at', 'timestamptz', 'When the text was sent; null: perhaps it was not.'],
    ],
    constraints: [
      'primary key (statement, direction, tier, n)',
      'foreign key (statement, direction, tier) references gate.tiers',
    ],
  },
  {
    name: 'abandoned',
    means: 'Abandoned releases: they stay as they are and open nothing in this database any more.',
    columns: [
      ['seal', 'text primary key', 'The release.'],
      ['statement', 'text not null unique references gate.statements', 'The abandonment that a quorum signed.'],
      ['abandoned_at', 'timestamptz not null default clock_timestamp()', 'By the clock of this database.'],
    ],
  },
  {
    name: 'adoptions',
    means: 'When this database became the target, in place of the one that it was restored or moved from.',
    columns: [
      ['statement', 'text primary key references gate.statements', 'The adoption that a quorum signed.'],
      ['before', 'uuid not null', 'The previous incarnation.'],
      ['incarnation', 'uuid not null', 'The new incarnation.'],
      ['adopted_at', 'timestamptz not null default clock_timestamp()', 'By the clock of this database.'],
    ],
  },
];

function tableSql({ name, means, columns, constraints = [], indexes = [] }: GateTable): string {
  const parts = [...columns.map(([column, type]) => `${column} ${type}`), ...constraints];
  return [
    `create table gate.${name} (\n  ${parts.join(',\n  ')})`,
    ...indexes,
    `comment on table gate.${name} is ${literal(means).text}`,
    ...columns.map(([column, , said]) => `comment on column gate.${name}.${column} is ${literal(said).text}`),
  ]
    .map((statement) => `${statement};\n`)
    .join('');
}

/** The gate's tables with their comments. Only gate_owner writes to them, and only through the gate's functions. */
export const tables = gateTables.map(tableSql).join('\n');
