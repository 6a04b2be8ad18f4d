import { sql } from '../../database/index.ts';

/** What visitors said that they have done by hand. It decides nothing. */
export const afterSchema = [
  sql`create table if not exists oneroof_server.acknowledged (
    target text, statement text, direction text check (direction in ('up', 'down')), step integer,
    made_at timestamptz not null default now(), primary key (target, statement, direction, step))`,
  sql`comment on table oneroof_server.acknowledged is 'Steps after a rollout or a rollback that a visitor said are done'`,
  sql`comment on column oneroof_server.acknowledged.target is 'Its name in oneroof.yaml'`,
  sql`comment on column oneroof_server.acknowledged.statement is 'Of the cycle'`,
  sql`comment on column oneroof_server.acknowledged.direction is 'up: after the rollout; down: after the rollback'`,
  sql`comment on column oneroof_server.acknowledged.step is 'Its position in the release, from 0'`,
  sql`comment on column oneroof_server.acknowledged.made_at is 'By the clock of this database'`,
];
