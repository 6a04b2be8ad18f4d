/** How people end what is stuck: they abandon a release in its present state, or adopt a restored or moved database. */
export const endingsFunctions = String.raw`
-- The present state of a release, tier by tier, or of all releases (null). People sign this list, so it must not change until the statement is accepted.
create function gate.rows_of(of_seal text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('cycle', t.statement, 'tier', t.tier, 'direction', t.direction,
    'steps', (select count(*) from gate.steps p where (p.statement, p.direction, p.tier) = (t.statement, t.direction, t.tier) and p.token is null and p.done_at is not null),
    -- of a step of which some batches remain: how many were committed
    'batches', (select p.batches from gate.steps p where (p.statement, p.direction, p.tier) = (t.statement, t.direction, t.tier) and p.done_at is null),
    -- the step that was sent outside of a transaction, and of which no one has decided what became of it
    'undecided', (select o.n from gate.outside o where (o.statement, o.direction, o.tier) = (t.statement, t.direction, t.tier) and o.undecided),
    'done', exists (select from gate.markers m where (m.statement, m.direction, m.tier) = (t.statement, t.direction, t.tier))))
    order by t.statement collate "C", t.direction desc, t.tier collate "C"), '[]')
  from gate.tiers t join gate.statements s on s.digest = t.statement where of_seal is null or s.subject = of_seal
$gate$;

-- What the gate reports about itself: an adoption signs this. Revocations are not part of it: otherwise anyone could prevent an adoption with one.
create function gate.account() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select jsonb_build_object('facts', gate.facts(),
    'documents', (select coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'digest', d.digest) order by d.number), '[]') from gate.documents d),
    'abandoned', (select coalesce(jsonb_agg(a.seal order by a.seal collate "C"), '[]') from gate.abandoned a),
    'rows', gate.rows_of(null))
$gate$;

create function gate.revocations() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.digest from gate.statements s where s.kind = 'revocation' order by s.digest collate "C"
$gate$;

create function gate.account_digest() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select gate.digest('account', array[convert_to(gate.canonical(gate.account()), 'UTF8')])
$gate$;

-- Null: an abandonment or adoption would count now. Otherwise 'code: text'.
create function gate.ending_problem(of_statement text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  s gate.statements; p jsonb; policy jsonb := (gate.active('policy')).body::jsonb; wrong text;
begin
  select * into s from gate.statements where digest = of_statement and kind in ('abandonment', 'adoption');
  if not found then return 'unknown: there is no such statement'; end if;
  wrong := gate.statement_problem(s.body::jsonb);
  if wrong is not null then return 'statement: ' || wrong; end if;
  p := s.body::jsonb -> 'predicate';
  if p -> 'facts' is distinct from gate.facts() then return 'target: the statement is for another database'; end if;
  if s.kind is not distinct from 'adoption' then
    if s.subject is distinct from gate.account_digest() then return 'previous: the gate has changed since this was signed'; end if;
  else
    if exists (select from gate.abandoned a where a.seal = s.subject) then return 'abandoned: the release is already abandoned'; end if;
    if not exists (select from gate.releases r where r.seal = s.subject) then return 'seal: the sealed release was not handed in'; end if;
    if p -> 'rows' is distinct from gate.rows_of(s.subject) then return 'previous: the state of the release has changed since this was signed'; end if;
  end if;
  wrong := gate.time_problem(p, policy);
  if wrong is not null then return wrong; end if;
  return gate.closed_seats(of_statement, policy -> 'quorum');
end $gate$;

-- No tier runs from the check until COMMIT, and earlier attempts are fenced off. It waits only this long for an executor that holds
-- the fence.
create function gate.require_ending(of_statement text, of_kind text) returns gate.statements
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  s gate.statements; wrong text; busy integer;
begin
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('isolation', 'it is accepted only in a READ COMMITTED transaction'); end if;
  perform set_config('lock_timeout', '5s', true);
  begin
    update gate.fence set epoch = epoch + 1;
    lock table gate.documents in share row exclusive mode;
  exception when lock_not_available then
    perform gate.refuse('busy', 'a tier runs, or a session holds the fence: wait for it, or end that session');
  end;
  perform pg_notify('oneroof', ''); -- it cannot be prepared
  select * into s from gate.statements where digest = of_statement;
  if s.kind is distinct from of_kind then perform gate.refuse('kind', format('its kind is not %s', of_kind)); end if;
  -- nothing is sent from here on. What still runs would change what people sign
  select r.pid into busy from gate.outside o join gate.runner_sessions() r on r.session = o.session where o.undecided limit 1;
  if busy is not null then perform gate.refuse('busy', format('a statement still runs outside of a transaction: wait for it, or end its process %s', busy)); end if;
  wrong := gate.ending_problem(of_statement);
  if wrong is not null then perform gate.refuse(split_part(wrong, ': ', 1), substr(wrong, strpos(wrong, ': ') + 2)); end if;
  return s;
end $gate$;

-- The release stays as it is. Its rows are history, and its seal opens nothing in this database any more.
create function gate.abandon(of_statement text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  s gate.statements := gate.require_ending(of_statement, 'abandonment');
begin
  -- a connection that was prepared for it, and never made
  if exists (select from gate.outside o join gate.statements c on c.digest = o.statement where c.subject = s.subject and o.undecided and o.sent_at is null) then perform gate.renew_runner(null); end if;
  insert into gate.abandoned (seal, statement) values (s.subject, s.digest);
end $gate$;

-- This database is the target from now on: ratifications for the database that it comes from do not apply to it.
create function gate.adopt(of_statement text) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  s gate.statements := gate.require_ending(of_statement, 'adoption'); drawn uuid := gen_random_uuid();
begin
  insert into gate.adoptions (statement, before, incarnation) select s.digest, i.incarnation, drawn from gate.identity i;
  update gate.identity set incarnation = drawn, home = 'gate.identity'::regclass;
  return drawn;
end $gate$;

-- The abandonments and adoptions that people are signing now, newest first.
create function gate.endings() returns table (statement text, kind text, subject text, persons text[], withdrawn text[], missing text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.digest, s.kind, s.subject, (select array_agg(p.person order by p.person) from gate.signers(s.digest) p),
    array(select distinct w.person from gate.statements r join gate.signatures w on w.statement = r.digest join gate.signatures g on g.statement = s.digest and g.person = w.person
      where r.kind = 'revocation' and r.subject = s.digest order by 1), c.missing
  from gate.statements s cross join lateral (select gate.ending_problem(s.digest) as missing) c
  where s.kind in ('abandonment', 'adoption') and (c.missing is null or c.missing ~ '^seats:')
  order by s.received_at desc
$gate$;
`;
