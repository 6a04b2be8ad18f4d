import { sql } from '../../database/index.ts';

/** What the room of people keeps: invitations, drafts, changes on their way. None of it counts anywhere before the quorum has signed. */
export const peopleSchema = [
  sql`create table if not exists oneroof_server.invitations (
    hash text primary key, person text not null, name text, level integer, made_at timestamptz not null default now(),
    until timestamptz not null, used_at timestamptz)`,
  sql`comment on table oneroof_server.invitations is 'Links with which a person makes one passkey'`,
  sql`comment on column oneroof_server.invitations.hash is 'SHA-256 of the secret in the link, hexadecimal'`,
  sql`comment on column oneroof_server.invitations.person is 'The id of the person'`,
  sql`comment on column oneroof_server.invitations.name is 'Of a new person; null: another key of an existing person'`,
  sql`comment on column oneroof_server.invitations.level is 'Of a new person; null: as in the registry'`,
  sql`comment on column oneroof_server.invitations.made_at is 'By the clock of this database'`,
  sql`comment on column oneroof_server.invitations.until is 'When it expires'`,
  sql`comment on column oneroof_server.invitations.used_at is 'When a key was made with it; it cannot make a second one'`,
  sql`create table if not exists oneroof_server.drafts (
    follows text primary key, document text not null, changed_at timestamptz not null default now())`,
  sql`comment on table oneroof_server.drafts is 'Next versions of the registry while they are being made'`,
  sql`comment on column oneroof_server.drafts.follows is 'The digest of the version that it follows, or: first'`,
  sql`comment on column oneroof_server.drafts.document is 'The registry, canonical'`,
  sql`comment on column oneroof_server.drafts.changed_at is 'By the clock of this database'`,
  sql`create table if not exists oneroof_server.changes (
    digest text primary key, kind text not null check (kind in ('registry', 'policy')), document text not null,
    made_at timestamptz not null default now())`,
  sql`comment on table oneroof_server.changes is 'Next registries and policies that the quorum is asked to sign'`,
  sql`comment on column oneroof_server.changes.digest is 'Of the document'`,
  sql`comment on column oneroof_server.changes.kind is 'registry or policy'`,
  sql`comment on column oneroof_server.changes.document is 'Canonical'`,
  sql`comment on column oneroof_server.changes.made_at is 'By the clock of this database'`,
  sql`create table if not exists oneroof_server.nonces (
    target text, previous text, next text, turn integer, nonce text not null check (nonce ~ '^[0-9a-f]{32}$'),
    drawn_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
    primary key (target, previous, next, turn))`,
  sql`comment on table oneroof_server.nonces is 'Nonces of changes, so that all signers are shown the same statement'`,
  sql`comment on column oneroof_server.nonces.target is 'Its name in oneroof.yaml'`,
  sql`comment on column oneroof_server.nonces.previous is 'The digest of what is in force'`,
  sql`comment on column oneroof_server.nonces.next is 'The digest of what follows'`,
  sql`comment on column oneroof_server.nonces.turn is 'From 0: a policy that returns after another one is signed again'`,
  sql`comment on column oneroof_server.nonces.nonce is 'Random, chosen once'`,
  sql`comment on column oneroof_server.nonces.drawn_at is 'When the time of the statement begins, by the clock of this database'`,
];
