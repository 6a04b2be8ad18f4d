import { sql } from '../../database/index.ts';

/** What the quorum is asked to end. None of it counts anywhere before the quorum has signed. */
export const endingsSchema = [
  sql`create table if not exists oneroof_server.endings (
    target text, kind text check (kind in ('abandonment', 'adoption')), seal text not null, reason text not null,
    again jsonb not null default '[]', made_at timestamptz not null default now(), primary key (target, kind, seal))`,
  sql`comment on table oneroof_server.endings is 'Abandonments and adoptions that the quorum is asked to sign'`,
  sql`comment on column oneroof_server.endings.target is 'Its name in oneroof.yaml'`,
  sql`comment on column oneroof_server.endings.kind is 'abandonment or adoption'`,
  sql`comment on column oneroof_server.endings.seal is 'Of the release that is to be abandoned; empty for an adoption'`,
  sql`comment on column oneroof_server.endings.reason is 'Why, as it is signed'`,
  sql`comment on column oneroof_server.endings.again is 'Of an adoption: what was handed in again, as text'`,
  sql`comment on column oneroof_server.endings.made_at is 'By the clock of this database'`,
];
