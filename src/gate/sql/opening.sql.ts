/**
 * Whether a statement is open, for what, and until when. This is computed from rows each time; nothing stores it. The codes and their
 * order are those of src/people/decide.ts; src/people/purpose.ts says which checks apply to which purpose.
 *
 * Source  docs/RULES.md
 */
export const openingFunctions = String.raw`
-- The next tier in a direction; null: no tier remains, or the release is abandoned.
create function gate.next_tier(of_statement text, of_direction text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  with open_tier as (
    select t ->> 'id' as id, n,
      exists (select from gate.markers m where m.statement = of_statement and m.direction = 'up' and m.tier = t ->> 'id') as done,
      exists (select from gate.steps s where s.statement = of_statement and s.direction = 'up' and s.tier = t ->> 'id')
        -- what may have been sent outside of a transaction may be there
        or exists (select from gate.outside o where o.statement = of_statement and o.direction = 'up' and o.tier = t ->> 'id' and o.undecided) as begun,
      exists (select from gate.markers m where m.statement = of_statement and m.direction = 'down' and m.tier = t ->> 'id') as undone
    from jsonb_array_elements(gate.release_of(of_statement) -> 'tiers') with ordinality as e(t, n) where t ->> 'barred' is null
      and not exists (select from gate.statements s join gate.abandoned a on a.seal = s.subject where s.digest = of_statement))
  select case of_direction when 'up' then (select id from open_tier where not done order by n limit 1)
    when 'down' then (select id from open_tier where (done or begun) and not undone order by n desc limit 1) end
$gate$;

-- Whether some of a cycle is rolled out, or half way in either direction. A one-way tier stays in place.
create function gate.in_place(of_cycle text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select exists (select from gate.tiers t where t.statement = of_cycle) and gate.next_tier(of_cycle, 'down') is not null
$gate$;

-- Null: no other cycle of the same seal is in place. Otherwise which one.
create function gate.other_in_place(of_cycle text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select o.digest from gate.statements s join gate.statements o on o.subject = s.subject and o.kind = 'ratification' and o.digest <> s.digest
  where s.digest = of_cycle and gate.in_place(o.digest) limit 1
$gate$;

-- Null: no one revoked it. Otherwise who did, and their reason, which is their own text.
create function gate.revoked_by(of_statement text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select string_agg(format('%s revoked it: %s', g.person,
    coalesce(nullif(left(regexp_replace(r.body::jsonb #>> '{predicate,reason}', '[[:cntrl:]]+', ' ', 'g'), 200), ''), 'no reason was given')), '; ' order by g.received_at, g.person)
  from gate.statements r join gate.signatures g on g.statement = r.digest where r.kind = 'revocation' and r.subject = of_statement
$gate$;

-- For one statement alone. reason null: open, and until is the end of its time. Otherwise the first reason why it is closed, 'code: text'. Absent
-- and unknown mean closed.
create function gate.opening_alone(of_statement text, direction text, out reason text, out until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  s gate.statements; p jsonb; asked record; registry gate.documents; rules gate.documents; policy jsonb; seal_document jsonb; leaf jsonb; seats jsonb;
  moment timestamptz := clock_timestamp(); opens timestamptz; closes timestamptz; rehearsed timestamptz; oldest interval; counts_from timestamptz; of_cycle text;
begin
  select * into s from gate.statements where digest = of_statement and kind = 'ratification';
  if not found then reason := 'unknown: there is no such ratification'; return; end if;
  if (direction in ('up', 'down')) is not true then reason := 'direction: it is neither up nor down'; return; end if;
  reason := 'statement: ' || gate.statement_problem(s.body::jsonb);
  if reason is not null then return; end if;
  p := s.body::jsonb -> 'predicate';
  select * into asked from gate.purpose(p #>> '{opens,what}', direction);
  if asked.checks is null then reason := format('purpose: it is for a %s, which has no effect in this direction', p #>> '{opens,what}'); return; end if;
  if 'abandoned' = any(asked.checks) and exists (select from gate.abandoned a where a.seal = s.subject) then
    reason := 'abandoned: people abandoned this release in this database'; return;
  end if;
  -- once a step of it was committed, the signed registry and policy judge the rollback: otherwise production could be stuck half way
  if asked.signed_rules and exists (select from gate.steps t where t.statement = of_statement and t.direction = 'up' and t.token is null) then
    registry := gate.named(of_statement, 'registry');
    rules := gate.named(of_statement, 'policy');
  else
    registry := gate.active('registry');
    rules := gate.active('policy');
  end if;
  if registry.digest is null or p #>> '{registry,digest}' is distinct from registry.digest or p #> '{registry,version}' is distinct from registry.body::jsonb -> 'version' then
    reason := 'registry: the ratification names another registry than the one in force'; return;
  end if;
  if rules.digest is null or p ->> 'policy' is distinct from rules.digest then reason := 'policy: the ratification names another policy than the one in force'; return; end if;
  policy := rules.body::jsonb;
  select body::jsonb into seal_document from gate.releases where seal = s.subject;
  if not found then reason := 'seal: the sealed release was not handed in'; return; end if;
  if s.body::jsonb #>> '{subject,0,name}' is distinct from seal_document ->> 'name' then reason := 'seal: the statement names another release'; return; end if;
  if gate.is_path_own(seal_document) is not true then reason := 'seal: the release searches no schema, or one of the server such as pg_temp'; return; end if;
  select descriptor::jsonb into leaf from gate.targets where statement = of_statement;
  if not found or gate.is_here(leaf) is not true then reason := 'target: the ratification is for another database'; return; end if;
  seats := case when exists (select from jsonb_array_elements(seal_document -> 'tiers') t where t ->> 'oneWay' is not null and t ->> 'barred' is null)
    then policy -> 'seats' || coalesce(policy -> 'oneWaySeats', '[]') else policy -> 'seats' end;
  if 'cycle' = any(asked.checks) then
    select c.digest into of_cycle from gate.statements c where c.digest = p #>> '{opens,cycle}' and c.kind = 'ratification'
     
      and c.subject = s.subject and c.body::jsonb #>> '{predicate,opens,what}' = 'rollout';
    if not found then reason := 'cycle: it names no rollout of this release that was ratified here'; return; end if;
    -- if this transaction itself completed the rollback, the cycle was in place when the transaction began
    if p #>> '{opens,what}' is not distinct from 'rollback' and gate.in_place(of_cycle) is not true
      and not exists (select from gate.tiers t where t.statement = of_cycle and t.direction = 'down' and t.xid = pg_current_xact_id_if_assigned()) then
      reason := 'cycle: nothing of the rollout that it names is in place'; return;
    end if;
  end if;
  if 'hold-point' = any(asked.checks) then
    select h -> 'seats' into seats from jsonb_array_elements(policy -> 'holdPoints') h where h ->> 'before' = p #>> '{opens,tier}';
    if not found then reason := 'hold-point: the policy has none before this tier'; return; end if;
  end if;
  reason := gate.closed_seats(of_statement, seats);
  if reason is not null then return; end if;
  if 'revoked' = any(asked.checks) then
    reason := 'revoked: ' || gate.revoked_by(of_statement);
    if reason is not null then return; end if;
  end if;
  opens := (p ->> 'notBefore')::timestamptz;
  closes := (p ->> 'expires')::timestamptz;
  until := case when asked.ends_later then closes + make_interval(secs => (policy #>> '{window,rollback}')::numeric / 1000) else closes end;
  if 'not-yet-valid' = any(asked.checks) and (moment >= opens) is not true then reason := 'not-yet-valid: its time has not begun'; return; end if;
  if 'expired' = any(asked.checks) and (moment <= until) is not true then
    reason := case when asked.ends_later then 'expired: the time for the rollback has ended' else 'expired: its time has ended' end; return;
  end if;
  if 'too-long' = any(asked.checks) and (closes - opens <= make_interval(secs => (policy #>> '{window,longest}')::numeric / 1000)) is not true then
    reason := 'too-long: it is valid for longer than the policy allows'; return;
  end if;
  if 'review' = any(asked.checks) then
    -- null if the release was never handed in. sealedAt: from then on people could read it, according to the log
    counts_from := (select greatest(f.received_at, (p ->> 'sealedAt')::timestamptz) from gate.first_seen f where f.seal = s.subject)
      + make_interval(secs => (policy #>> '{window,review}')::numeric / 1000);
    -- if all signatures came late enough, there is no need to check which of them count
    if ((select min(g.received_at) from gate.signatures g where g.statement = of_statement) >= counts_from) is not true
      and ((select min(c.received_at) from gate.signers(of_statement) c) >= counts_from) is not true then
      reason := 'review: it was signed sooner after this database first received the release than the policy allows'; return;
    end if;
  end if;
  if 'rehearsal-age' = any(asked.checks) then
    rehearsed := (p ->> 'rehearsedAt')::timestamptz;
    oldest := make_interval(secs => (policy #>> '{rehearsal,maxAge}')::numeric / 1000);
    if (moment - rehearsed between interval '0' and oldest) is not true then reason := 'rehearsal-age: the rehearsal is too old, or in the future'; return; end if;
    until := least(until, rehearsed + oldest);
  end if;
  if 'evidence' = any(asked.checks) and not exists (select from jsonb_array_elements(p -> 'evidence') e where e ->> 'kind' = 'rehearsal') then
    reason := 'evidence: no rehearsal is named'; return;
  end if;
end $gate$;

-- The same; for the rollback of a cycle it also considers later ratifications that carry it on.
create function gate.opening(of_statement text, direction text, out reason text, out until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  carried timestamptz;
begin
  select o.reason, o.until into reason, until from gate.opening_alone(of_statement, direction) o;
  if reason is null or direction is distinct from 'down' or gate.may(of_statement, direction, 'begin') is not true or reason ~ '^(unknown|direction|statement):' then return; end if;
  select o.until into carried from gate.statements s join gate.statements h on h.subject = s.subject and h.kind = 'ratification'
    cross join lateral gate.opening_alone(h.digest, direction) o
    where s.digest = of_statement and gate.may(h.digest, direction, 'carry-on') and h.body::jsonb #>> '{predicate,opens,cycle}' = s.digest and o.reason is null
    order by o.until desc limit 1;
  if found then reason := null; until := carried; end if;
end $gate$;

-- Null: open. Otherwise the first reason why not.
create function gate.why_closed(of_statement text, direction text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select o.reason from gate.opening(of_statement, direction) o
$gate$;

-- A statement that does not open a rollout is no cycle, in either direction.
create function gate.require_cycle(of_statement text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if exists (select from gate.statements s where s.digest = of_statement and s.kind = 'ratification')
    and (gate.may(of_statement, 'up', 'begin') and gate.may(of_statement, 'down', 'begin')) is not true then
    perform gate.refuse('purpose', 'this ratification opens no rollout of its own');
  end if;
end $gate$;

-- Returns until when it is open; refuses if it is closed.
create function gate.require_open(of_statement text, direction text) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  opening record;
begin
  select * into opening from gate.opening(of_statement, direction);
  if opening.reason is not null then raise exception 'gate: %', opening.reason using errcode = 'OR001'; end if;
  if opening.until is null then perform gate.refuse('unknown', 'the time when it closes is unknown'); end if;
  return opening.until;
end $gate$;

-- The ratification that answers the hold point before a tier of this cycle, and until when; both null if the policy has no hold point
-- there. It names the cycle: an answer for an earlier cycle does not count.
create function gate.require_answered(of_cycle text, of_tier text, out answered text, out until timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if not exists (select from jsonb_array_elements((gate.active('policy')).body::jsonb -> 'holdPoints') h where h ->> 'before' = of_tier) then return; end if;
  select h.digest, o.until into answered, until from gate.statements s join gate.statements h on h.subject = s.subject and h.kind = 'ratification'
    cross join lateral gate.opening_alone(h.digest, 'up') o
    where s.digest = of_cycle and gate.may(h.digest, 'up', 'hold-point') and h.body::jsonb #>> '{predicate,opens,tier}' = of_tier
      and h.body::jsonb #>> '{predicate,opens,cycle}' = of_cycle and o.reason is null
    order by o.until desc limit 1;
  if not found or until is null then perform gate.refuse('hold-point', 'a further ratification is needed before this tier'); end if;
end $gate$;

-- A seal is rolled out once: not while another cycle of it is in place, whatever people signed, and not after its own rollback has begun.
-- Checked under the fence, so that two executors cannot both pass.
create function gate.require_alone(of_cycle text, of_direction text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  other text;
begin
  if of_direction is not distinct from 'down' then return; end if;
  other := gate.other_in_place(of_cycle);
  if other is not null then perform gate.refuse('in-progress', format('this release is rolled out, or half way, by %s: roll that back first', other)); end if;
end $gate$;

create function gate.require_not_undone(of_cycle text, of_direction text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if of_direction is not distinct from 'down' then return; end if;
  if exists (select from gate.steps where statement = of_cycle and direction = 'down') then
    perform gate.refuse('order', 'the rollback has begun; another rollout needs another ratification');
  end if;
end $gate$;

-- All checks that were made when the tier was entered, except for what cannot have changed while the fence is held.
create function gate.require_tier_open(of_cycle text, of_direction text, of_tier text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  perform gate.require_open(of_cycle, of_direction);
  if of_direction is distinct from 'down' then perform gate.require_answered(of_cycle, of_tier); end if;
end $gate$;

-- At every step: if nothing has happened since the tier was entered that could close it, it is open; otherwise all checks are made. Numbers of
-- documents are assigned under a lock, so a lower one is never committed after a higher one; revocations are found by what they revoke.
create function gate.require_still_open(t gate.tiers) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if (clock_timestamp() <= t.until and t.documents = (select max(d.number) from gate.documents d)
    and (t.direction = 'down' or not exists (select from gate.statements r where r.subject in (t.statement, t.answered) and r.kind = 'revocation'))) is not true then
    perform gate.require_tier_open(t.statement, t.direction, t.tier);
  end if;
end $gate$;
`;
