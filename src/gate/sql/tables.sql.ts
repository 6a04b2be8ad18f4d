/** The gate's tables, each with its comments. Nobody but gate_owner writes them, and only through the gate's functions. */
export const tables = String.raw`
create table gate.identity (
  single boolean primary key default true check (single),
  incarnation uuid not null default gen_random_uuid(),
  uri text not null,
  app_owner text not null,
  version integer not null,
  intact text not null default '',
  home oid not null,
  installed_at timestamptz not null default clock_timestamp());
comment on table gate.identity is 'Who this database is; one row.';
comment on column gate.identity.incarnation is 'Drawn when the gate is installed; part of what people sign.';
comment on column gate.identity.uri is 'The name of the target; part of what people sign.';
comment on column gate.identity.app_owner is 'The role that ratified steps run as.';
comment on column gate.identity.version is 'The version of the gate.';
comment on column gate.identity.intact is 'What gate.intact_digest() said when the gate was installed.';
comment on column gate.identity.home is 'The number of this table where the gate was installed or adopted: a restored table has another one.';
comment on column gate.identity.installed_at is 'When the gate was installed.';

create table gate.documents (
  number bigint generated always as identity primary key,
  kind text not null check (kind in ('registry', 'policy')),
  digest text not null,
  body text not null,
  accepted_at timestamptz not null default clock_timestamp(),
  statement text unique);
comment on table gate.documents is 'Registries and policies; of each kind the newest is the active one.';
comment on column gate.documents.number is 'In the order of acceptance.';
comment on column gate.documents.kind is 'registry or policy.';
comment on column gate.documents.digest is 'sha256 over the framed body.';
comment on column gate.documents.body is 'Canonical JSON.';
comment on column gate.documents.accepted_at is 'When it became active.';
comment on column gate.documents.statement is 'The statement that put it in force, once; null: it was there when the gate was installed.';

create table gate.releases (seal text primary key, body text not null, queries jsonb not null);
comment on table gate.releases is 'Sealed releases that people may ratify.';
comment on column gate.releases.seal is 'The digest of the body.';
comment on column gate.releases.body is 'The seal document: canonical JSON.';
comment on column gate.releases.queries is 'Metrics and checks: step digest to text.';

create table gate.first_seen (seal text primary key, received_at timestamptz not null default clock_timestamp());
comment on table gate.first_seen is 'When each sealed release was first handed in: the time for review counts from then. Rows stay when bodies go.';
comment on column gate.first_seen.seal is 'The digest of the body.';
comment on column gate.first_seen.received_at is 'By the clock of this database.';

create table gate.statements (
  digest text primary key, kind text not null, subject text not null, body text not null,
  received_at timestamptz not null default clock_timestamp());
-- whether somebody has revoked a statement is asked at every step
create index statements_subject on gate.statements (subject);
comment on table gate.statements is 'What people signed. One ratification is one cycle: one rollout and its way back.';
comment on column gate.statements.digest is 'sha256 over the DSSE encoding of the body.';
comment on column gate.statements.kind is 'The last part of the predicate type.';
comment on column gate.statements.subject is 'The digest that the statement is about.';
comment on column gate.statements.body is 'Canonical in-toto statement.';
comment on column gate.statements.received_at is 'When the first signature came.';

create table gate.signatures (
  statement text not null references gate.statements, person text not null, x text not null, y text not null,
  credential text not null, authenticator_data bytea not null, client_data bytea not null, signature bytea not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (statement, person), unique (statement, x, y));
comment on table gate.signatures is 'Passkey signatures that this database has verified.';
comment on column gate.signatures.statement is 'What was signed.';
comment on column gate.signatures.person is 'Who, by the registry of that time.';
comment on column gate.signatures.x is 'The public key: the identity of a key.';
comment on column gate.signatures.y is 'The public key: the identity of a key.';
comment on column gate.signatures.credential is 'The id that the authenticator gave it.';
comment on column gate.signatures.authenticator_data is 'As signed.';
comment on column gate.signatures.client_data is 'As signed.';
comment on column gate.signatures.signature is 'DER.';
comment on column gate.signatures.received_at is 'By the clock of this database.';

create table gate.targets (statement text primary key references gate.statements, descriptor text not null);
comment on table gate.targets is 'This database''s own leaf of what a statement names.';
comment on column gate.targets.statement is 'The ratification.';
comment on column gate.targets.descriptor is 'Canonical JSON.';

create table gate.fence (single boolean primary key default true check (single), epoch bigint not null default 0, pid integer, taken_at timestamptz);
comment on table gate.fence is 'The newest attempt; what an older one does is refused.';
comment on column gate.fence.single is 'One row.';
comment on column gate.fence.epoch is 'Grows by one with each attempt.';
comment on column gate.fence.pid is 'The server process that began it, or entered a tier last.';
comment on column gate.fence.taken_at is 'When that was: a process that has the pid and was started later is another one.';

create table gate.tiers (
  statement text not null references gate.statements, direction text not null check (direction in ('up', 'down')), tier text not null,
  epoch bigint not null, xid xid8 not null, definers text not null,
  steps text[] not null, transaction text not null, path text not null,
  until timestamptz not null, documents bigint not null, answered text, began timestamptz not null default transaction_timestamp(),
  names text[] not null default '{}', settings text[] not null default '{}',
  primary key (statement, direction, tier));
comment on table gate.tiers is 'Tiers that were entered.';
comment on column gate.tiers.statement is 'The ratification.';
comment on column gate.tiers.direction is 'up or down.';
comment on column gate.tiers.tier is 'The tier.';
comment on column gate.tiers.epoch is 'The attempt.';
comment on column gate.tiers.xid is 'The transaction that entered it last.';
comment on column gate.tiers.began is 'When that transaction began: another server, to which the rows were restored, gives the same xid out again.';
comment on column gate.tiers.definers is 'The SECURITY DEFINER functions that there were, as a digest.';
comment on column gate.tiers.steps is 'The digests of its steps, as sealed.';
comment on column gate.tiers.transaction is 'single or each, as sealed.';
comment on column gate.tiers.path is 'The search path of its steps, as sealed.';
comment on column gate.tiers.until is 'When its time ends, as it was when the tier was entered.';
comment on column gate.tiers.documents is 'The newest registry or policy when the tier was entered.';
comment on column gate.tiers.answered is 'The ratification that answered the hold point before it; null: there was none.';
comment on column gate.tiers.names is 'Settings that each of its steps has: time-outs, and those of the release.';
comment on column gate.tiers.settings is 'Their values, in the same order.';

create table gate.steps (
  statement text not null, direction text not null, tier text not null, n integer not null, digest text not null, token bytea,
  epoch bigint not null, done_at timestamptz not null default clock_timestamp(),
  primary key (statement, direction, tier, n),
  foreign key (statement, direction, tier) references gate.tiers);
comment on table gate.steps is 'Steps that ran: each once.';
comment on column gate.steps.statement is 'The ratification.';
comment on column gate.steps.direction is 'up or down.';
comment on column gate.steps.tier is 'The tier.';
comment on column gate.steps.n is 'From 1 within tier and direction.';
comment on column gate.steps.digest is 'The step''s digest, as sealed.';
comment on column gate.steps.token is 'While it runs: the hash of what only the runner knows. Null: it has run.';
comment on column gate.steps.epoch is 'The attempt.';
comment on column gate.steps.done_at is 'By the clock of this database.';

create table gate.markers (
  statement text not null, direction text not null, tier text not null, epoch bigint not null, steps integer not null,
  schema_after text not null, ordinal bigint generated always as identity, left_at timestamptz not null default clock_timestamp(),
  primary key (statement, direction, tier), foreign key (statement, direction, tier) references gate.tiers);
comment on table gate.markers is 'Tiers that are done, written in the same transaction as what they did.';
comment on column gate.markers.statement is 'The ratification.';
comment on column gate.markers.direction is 'up or down.';
comment on column gate.markers.tier is 'The tier.';
comment on column gate.markers.epoch is 'The attempt.';
comment on column gate.markers.steps is 'How many steps it had.';
comment on column gate.markers.schema_after is 'What gate.schema_digest() said when the tier was done.';
comment on column gate.markers.ordinal is 'In the order of being done.';
comment on column gate.markers.left_at is 'By the clock of this database.';

create table gate.abandoned (seal text primary key, statement text not null unique references gate.statements,
  abandoned_at timestamptz not null default clock_timestamp());
comment on table gate.abandoned is 'Releases that stay as they are: they open nothing any more in this database.';
comment on column gate.abandoned.seal is 'The release.';
comment on column gate.abandoned.statement is 'The abandonment that a quorum signed.';
comment on column gate.abandoned.abandoned_at is 'By the clock of this database.';

create table gate.adoptions (statement text primary key references gate.statements, before uuid not null, incarnation uuid not null,
  adopted_at timestamptz not null default clock_timestamp());
comment on table gate.adoptions is 'When this database became the target instead of the one that it was restored or moved from.';
comment on column gate.adoptions.statement is 'The adoption that a quorum signed.';
comment on column gate.adoptions.before is 'The incarnation that it had.';
comment on column gate.adoptions.incarnation is 'The incarnation that was drawn.';
comment on column gate.adoptions.adopted_at is 'By the clock of this database.';
`;
