import { type Sql, sql } from '../../database/index.ts';
import { afterSchema } from './after-state.sql.ts';
import { endingsSchema } from './endings-state.sql.ts';
import { peopleSchema } from './people-state.sql.ts';

/** The first version, and what was made before versions were counted: each statement may run again. */
const first = [
  sql`create schema if not exists oneroof_server`,
  sql`comment on schema oneroof_server is 'One Roof: the sessions and open prompts of its server; it decides nothing'`,
  sql`create table if not exists oneroof_server.entrances (hash text primary key, made_at timestamptz not null default now())`,
  sql`comment on table oneroof_server.entrances is 'Tokens that let a user sign in to read'`,
  sql`comment on column oneroof_server.entrances.hash is 'SHA-256 of the token, hexadecimal'`,
  sql`comment on column oneroof_server.entrances.made_at is 'By the clock of this database'`,
  sql`create table if not exists oneroof_server.visitors (hash text primary key, until timestamptz not null)`,
  sql`comment on table oneroof_server.visitors is 'Browsers that are signed in'`,
  sql`comment on column oneroof_server.visitors.hash is 'SHA-256 of the cookie, hexadecimal'`,
  sql`comment on column oneroof_server.visitors.until is 'When the visit ends'`,
  sql`create table if not exists oneroof_server.ceremonies (
    id text primary key, purpose text not null, body jsonb not null, until timestamptz not null)`,
  sql`comment on table oneroof_server.ceremonies is 'Open prompts for a passkey: each can be used once'`,
  sql`comment on column oneroof_server.ceremonies.id is 'Drawn for this prompt'`,
  sql`comment on column oneroof_server.ceremonies.purpose is 'Its purpose; a prompt cannot be used for another purpose'`,
  sql`comment on column oneroof_server.ceremonies.body is 'What it was begun with'`,
  sql`comment on column oneroof_server.ceremonies.until is 'When it expires'`,
  sql`create table if not exists oneroof_server.told (one boolean primary key default true check (one), lines bigint not null)`,
  sql`comment on table oneroof_server.told is 'How much of the evidence log was sent to the webhooks; one row'`,
  sql`comment on column oneroof_server.told.one is 'Keeps the table to one row'`,
  sql`comment on column oneroof_server.told.lines is 'Lines of the log'`,
  sql`create table if not exists oneroof_server.deliveries (
    id text, webhook text, body text not null, state text not null default 'waiting' check (state in ('waiting', 'delivered', 'given up')),
    tries integer not null default 0, due timestamptz not null default now(), answer text, primary key (id, webhook))`,
  sql`comment on table oneroof_server.deliveries is 'The messages of a webhook, and whether it received them'`,
  sql`comment on column oneroof_server.deliveries.id is 'Of the event'`,
  sql`comment on column oneroof_server.deliveries.webhook is 'Its name; never its address'`,
  sql`comment on column oneroof_server.deliveries.body is 'JSON, to the byte as it is signed'`,
  sql`comment on column oneroof_server.deliveries.state is 'waiting, delivered or given up'`,
  sql`comment on column oneroof_server.deliveries.tries is 'How often it was sent'`,
  sql`comment on column oneroof_server.deliveries.due is 'When it is sent next'`,
  sql`comment on column oneroof_server.deliveries.answer is 'The last answer'`,
];

/** A token expires once no server has it any more. */
const entrancesEnd = [
  sql`alter table oneroof_server.entrances add column until timestamptz not null default now()`,
  sql`comment on column oneroof_server.entrances.until is 'When it ends; a server that has the token extends it'`,
];

/**
 * What a server keeps of its own, version by version; evidence is kept elsewhere. What was released is never changed: a change is a further
 * version.
 */
export const stateVersions: readonly (readonly Sql[])[] = [
  first,
  entrancesEnd,
  peopleSchema,
  endingsSchema,
  afterSchema,
];

/** Where the version is kept. Each statement may run again. */
export const versionSchema = [
  sql`create schema if not exists oneroof_server`,
  sql`create table if not exists oneroof_server.version (one boolean primary key default true check (one), version integer not null)`,
  sql`comment on table oneroof_server.version is 'Which version these tables have; one row'`,
  sql`comment on column oneroof_server.version.one is 'Keeps the table to one row'`,
  sql`comment on column oneroof_server.version.version is 'Counted from 1'`,
];
