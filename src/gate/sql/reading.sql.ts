/** Functions that read the gate's state. They open nothing. */
export const readingFunctions = String.raw`
create function gate.status() returns table (statement text, seal text, opens jsonb, persons text[], closed_up text, closed_down text,
  next_up text, next_down text, done jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.digest, s.subject, s.body::jsonb #> '{predicate,opens}', (select array_agg(p.person order by p.person) from gate.signers(s.digest) p),
    gate.why_closed(s.digest, 'up'), gate.why_closed(s.digest, 'down'), case when gate.may(s.digest, 'up', 'begin') then gate.next_tier(s.digest, 'up') end, case when gate.may(s.digest, 'down', 'begin') then gate.next_tier(s.digest, 'down') end,
    (select coalesce(jsonb_agg(jsonb_build_object('direction', m.direction, 'tier', m.tier, 'epoch', m.epoch, 'steps', m.steps, 'schemaAfter', m.schema_after) order by m.ordinal), '[]')
     from gate.markers m where m.statement = s.digest)
  from gate.statements s where s.kind = 'ratification' order by s.received_at desc
$gate$;

-- The newest attempt, and the server process that began it or last entered a tier: the one with that pid that existed at that time.
create function gate.attempt() returns table (epoch bigint, pid integer, taken_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select f.epoch, f.pid, f.taken_at from gate.fence f
$gate$;

create function gate.markers_of(of_statement text) returns table (tier text, direction text, epoch bigint, schema_after text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select m.tier, m.direction, m.epoch, m.schema_after from gate.markers m where m.statement = of_statement order by m.ordinal
$gate$;

create function gate.steps_of(of_statement text) returns table (tier text, direction text, n integer)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.tier, s.direction, s.n from gate.steps s where s.statement = of_statement and s.token is null and s.done_at is not null order by s.done_at, s.n
$gate$;

create function gate.statement_body(of_statement text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select body from gate.statements where digest = of_statement
$gate$;

create function gate.describe() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select jsonb_build_object('version', i.version, 'facts', gate.facts(), 'registry', (gate.active('registry')).body, 'policy', (gate.active('policy')).body,
    'numbers', (select jsonb_object_agg(k, (select count(*) from gate.documents d where d.kind = k)) from unnest(array['registry', 'policy']) k),
    'schema', gate.schema_digest()) from gate.identity i
$gate$;
`;
