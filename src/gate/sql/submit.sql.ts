/** Accepts what the relay hands in. The database verifies every byte itself: the relay's credential opens nothing. */
export const submitFunctions = String.raw`
create function gate.step_digest(step text) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $gate$
  select gate.digest('step', array[convert_to(step, 'UTF8')])
$gate$;

create function gate.parsed(body text) returns jsonb
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $gate$
declare
  document jsonb;
begin
  if (octet_length(body) <= 1048576) is not true then perform gate.refuse('size', 'it is larger than 1 MiB'); end if;
  begin
    document := body::jsonb;
  exception when others then
    perform gate.refuse('canonical', 'it is not JSON');
  end;
  if jsonb_typeof(document) is distinct from 'object' or gate.canonical(document) is distinct from body then
    perform gate.refuse('canonical', 'its bytes are not canonical');
  end if;
  return document;
end $gate$;

create function gate.submit_release(document text, queries jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  seal text := gate.digest('seal', array[convert_to(document, 'UTF8')]);
  wanted text[];
begin
  if (octet_length(document) <= 16777216 and octet_length(queries::text) <= 16777216) is not true then perform gate.refuse('size', 'it is larger than 16 MiB'); end if;
  -- an older snapshot does not show which releases statements name now
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('isolation', 'it must be handed in in a READ COMMITTED transaction'); end if;
  if gate.canonical(document::jsonb) is distinct from document then perform gate.refuse('canonical', 'its bytes are not canonical'); end if;
  if exists (select from jsonb_each_text(queries) q where gate.step_digest(q.value) is distinct from q.key) then
    perform gate.refuse('queries', 'a query does not have the digest in its name');
  end if;
  select array_agg(d) into wanted from (
    select m ->> 'query' as d from jsonb_array_elements(document::jsonb -> 'metrics') m
    union select jsonb_array_elements_text(t -> 'check') from jsonb_array_elements(document::jsonb -> 'tiers') t) w;
  if (queries ?& coalesce(wanted, '{}')) is not true then perform gate.refuse('queries', 'a metric or check of the release is missing'); end if;
  if exists (select from jsonb_object_keys(queries) k where (k = any(wanted)) is not true) then perform gate.refuse('queries', 'a query belongs to no metric or check of the release'); end if;
  lock table gate.releases in share row exclusive mode;
  perform pg_notify('oneroof', ''); -- then it cannot be prepared; a prepared transaction would hold the lock without a session
  insert into gate.releases values (seal, document, queries) on conflict do nothing;
  insert into gate.first_seen (seal) values (seal) on conflict do nothing;
  perform gate.bound_releases(seal);
  return seal;
end $gate$;

-- Unsigned releases are bounded: otherwise a relay could fill the disk. The oldest is deleted, never the one just received, and never one that a
-- statement names. A deleted body can be handed in again, and keeps the time when it was first seen.
create function gate.bound_releases(of_seal text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  delete from gate.releases r using (
    select u.seal, row_number() over w as place, sum(octet_length(u.body) + octet_length(u.queries::text)) over w as octets
    from gate.releases u join gate.first_seen f on f.seal = u.seal
    where not exists (select from gate.statements s where s.subject = u.seal)
    window w as (order by u.seal = of_seal desc, f.received_at desc, u.seal rows unbounded preceding)) o
  where r.seal = o.seal and r.seal <> of_seal and (o.place > 32 or o.octets > 67108864);
end $gate$;

create function gate.submit(body text, of_credential text, authenticator_data bytea, client_data bytea, signature bytea) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  s jsonb := gate.parsed(body);
  p jsonb := s -> 'predicate';
  statement text := 'sha256:' || encode(gate.statement_hash(body), 'hex');
  of_kind text := substring(s ->> 'predicateType' from '^urn:oneroof:(ratification|decline|revocation|registry|policy|abandonment|adoption):v1$');
  policy jsonb := (gate.active('policy')).body::jsonb;
  of_subject text := 'sha256:' || (s #>> '{subject,0,digest,sha256}');
  person jsonb; key jsonb; wrong text;
begin
  -- an older snapshot has persons who were removed
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('isolation', 'it must be handed in in a READ COMMITTED transaction'); end if;
  if of_kind is null or s ->> '_type' is distinct from 'https://in-toto.io/Statement/v1' then perform gate.refuse('kind', 'this gate does not know its kind'); end if;
  if jsonb_array_length(s -> 'subject') is distinct from 1 or (of_subject ~ '^sha256:[0-9a-f]{64}$') is not true then perform gate.refuse('subject', 'it must have exactly one subject'); end if;
  wrong := gate.statement_problem(s);
  if wrong is not null then perform gate.refuse('statement', 'it does not have the form that people sign: ' || wrong); end if;
  if of_kind is not distinct from 'ratification' then
    if p #>> '{registry,digest}' is distinct from (gate.active('registry')).digest
      or p #> '{registry,version}' is distinct from (gate.active('registry')).body::jsonb -> 'version' then
      perform gate.refuse('registry', 'the ratification names another registry than the one in force');
    end if;
    if p ->> 'policy' is distinct from (gate.active('policy')).digest then perform gate.refuse('policy', 'the ratification names another policy than the one in force'); end if;
    if exists (select from gate.abandoned a where a.seal = of_subject) then perform gate.refuse('abandoned', 'people abandoned this release in this database'); end if;
    if p #>> '{opens,what}' is not distinct from 'rollout' and exists (select from gate.releases r cross join jsonb_array_elements(r.body::jsonb -> 'tiers') t
        where r.seal = of_subject and t ->> 'transaction' = 'outside' and t ->> 'barred' is null) then
      perform gate.require_loopback();
    end if;
  end if;
  select e, k into person, key from jsonb_array_elements((gate.active('registry')).body::jsonb -> 'persons') e
    cross join jsonb_array_elements(e -> 'keys') k where k ->> 'credential' = of_credential;
  if not found then perform gate.refuse('credential', 'no person of the registry has this passkey'); end if;
  -- every enrolled person may revoke, with any key: closing is easy
  if of_kind is distinct from 'revocation' then
    if gate.is_single((gate.active('registry')).body::jsonb, person, key) is not true then perform gate.refuse('key-twice', 'this key is in the registry twice, so it identifies no one'); end if;
    if gate.is_allowed(policy, key ->> 'aaguid') is not true then perform gate.refuse('authenticator', 'the policy does not allow this authenticator model'); end if;
  end if;
  wrong := gate.check_assertion(gate.statement_hash(body), policy ->> 'origin', policy ->> 'rpId',
    case when of_kind is distinct from 'revocation' and key ->> 'device' = 'bound' then 'bound' else 'any' end, key ->> 'x', key ->> 'y',
    authenticator_data, client_data, signature);
  if wrong is not null then perform gate.refuse(wrong, 'the signature does not count'); end if;
  if (coalesce(p -> 'authors', '[]') ?| array[person ->> 'id', person ->> 'name']) is not false then
    perform gate.refuse('author', 'an author of a release, or a person who instructed one, does not ratify it');
  end if;
  -- a prepared revocation that is not committed would block others who hand in the same one
  perform pg_notify('oneroof', '');
  insert into gate.statements (digest, kind, subject, body) values (statement, of_kind, of_subject, body) on conflict do nothing;
  insert into gate.signatures (statement, person, x, y, credential, authenticator_data, client_data, signature)
    values (statement, person ->> 'id', key ->> 'x', key ->> 'y', of_credential, authenticator_data, client_data, signature)
    on conflict do nothing;
  if not found then perform gate.refuse('duplicate', 'this person has already signed it'); end if;
  return statement;
end $gate$;

-- RFC 9162 section 2.1.3.2: the leaf is at this position of the signed tree.
create function gate.submit_target(of_statement text, descriptor text, place bigint, proof bytea[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
declare
  leaf jsonb := gate.parsed(descriptor);
  signed jsonb; size bigint; fn bigint := place; sn bigint; r bytea := sha256('\x00'::bytea || convert_to(descriptor, 'UTF8')); node bytea;
begin
  select body::jsonb #> '{predicate,targets}' into signed from gate.statements where digest = of_statement and kind = 'ratification';
  if not found then perform gate.refuse('unknown', 'there is no such ratification'); end if;
  if gate.is_here(leaf) is not true then perform gate.refuse('target', 'the descriptor is of another database'); end if;
  size := (signed ->> 'size')::bigint;
  sn := size - 1;
  if (place between 0 and size - 1) is not true then perform gate.refuse('target', 'the position is not in the tree'); end if;
  foreach node in array coalesce(proof, '{}') loop
    if sn is not distinct from 0 then perform gate.refuse('target', 'the proof is too long'); end if;
    if fn % 2 = 1 or fn = sn then
      r := sha256('\x01'::bytea || node || r);
      while fn % 2 = 0 and fn <> 0 loop fn := fn / 2; sn := sn / 2; end loop;
    else
      r := sha256('\x01'::bytea || r || node);
    end if;
    fn := fn / 2;
    sn := sn / 2;
  end loop;
  if sn is distinct from 0 or encode(r, 'hex') is distinct from signed ->> 'root' then perform gate.refuse('target', 'this database is not among those that were ratified'); end if;
  if not exists (select from gate.footprints f where f.digest = leaf ->> 'schema') then perform gate.refuse('footprint', 'the footprint that people signed was not handed in'); end if;
  insert into gate.targets values (of_statement, descriptor) on conflict do nothing;
end $gate$;

-- Null: a statement of a quorum is valid now, by its own times and the policy in force.
create function gate.time_problem(p jsonb, policy jsonb) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  moment timestamptz := clock_timestamp();
begin
  if (moment >= (p ->> 'notBefore')::timestamptz) is not true then return 'not-yet-valid: its time has not begun'; end if;
  if (moment <= (p ->> 'expires')::timestamptz) is not true then return 'expired: its time has ended'; end if;
  if ((p ->> 'expires')::timestamptz - (p ->> 'notBefore')::timestamptz <= make_interval(secs => (policy #>> '{window,longest}')::numeric / 1000)) is not true then
    return 'too-long: it is valid for longer than the policy allows';
  end if;
  return null;
end $gate$;

-- Null: a statement would put the next registry or policy in force now. Otherwise 'code: text'. It names the document that it follows by
-- digest and number, so that it cannot be held back until the same bytes are in force again, and it expires.
create function gate.change_problem(of_statement text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  s gate.statements; p jsonb; policy jsonb := (gate.active('policy')).body::jsonb; wrong text;
begin
  select * into s from gate.statements where digest = of_statement and kind in ('registry', 'policy');
  if not found then return 'unknown: there is no such change'; end if;
  wrong := gate.statement_problem(s.body::jsonb);
  if wrong is not null then return 'statement: ' || wrong; end if;
  p := s.body::jsonb -> 'predicate';
  if p ->> 'previous' is distinct from (gate.active(s.kind)).digest
    or (p ->> 'number')::numeric is distinct from (select count(*) from gate.documents d where d.kind = s.kind)
    or exists (select from gate.documents d where d.statement = of_statement) then return 'previous: it does not follow the document in force'; end if;
  wrong := gate.time_problem(p, policy);
  if wrong is not null then return wrong; end if;
  return gate.closed_seats(of_statement, policy -> 'quorum');
end $gate$;

-- Accepts the next registry or policy: signed, under those in force, by a quorum of the policy in force; never one that locks everyone out.
create function gate.accept(of_kind text, body text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  document jsonb := gate.parsed(body);
  present gate.documents;
  next_digest text; wrong text; by_statement text;
begin
  if (of_kind in ('registry', 'policy')) is not true then perform gate.refuse('kind', 'it is neither a registry nor a policy'); end if;
  next_digest := gate.digest(of_kind, array[convert_to(body, 'UTF8')]);
  -- one at a time, because each is checked together with the documents in force
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('isolation', 'it is accepted only in a READ COMMITTED transaction'); end if;
  lock table gate.documents in share row exclusive mode;
  perform pg_notify('oneroof', '');
  present := gate.active(of_kind);
  wrong := case of_kind when 'registry' then gate.registry_problem(document) else gate.policy_problem(document) end;
  if wrong is not null then perform gate.refuse('document', wrong); end if;
  if of_kind is not distinct from 'registry' and (document ->> 'previous' is distinct from present.digest
    or (document ->> 'version')::integer is distinct from (present.body::jsonb ->> 'version')::integer + 1) then
    perform gate.refuse('chain', 'it does not follow the active registry');
  end if;
  select s.digest into by_statement from gate.statements s where s.kind = of_kind and s.subject = next_digest
    and gate.change_problem(s.digest) is null and (of_kind = 'policy' or s.body::jsonb #> '{predicate,version}' = document -> 'version')
    order by s.received_at limit 1;
  if not found then
    select ': ' || gate.change_problem(s.digest) into wrong from gate.statements s where s.kind = of_kind and s.subject = next_digest order by s.received_at desc limit 1;
    perform gate.refuse('quorum', 'it is not signed by a quorum' || coalesce(wrong, ''));
  end if;
  wrong := case of_kind when 'registry' then gate.mismatch((gate.active('policy')).body::jsonb, document)
    else gate.mismatch(document, (gate.active('registry')).body::jsonb) end;
  if wrong is not null then perform gate.refuse(split_part(wrong, ': ', 1), substr(wrong, strpos(wrong, ': ') + 2)); end if;
  insert into gate.documents (kind, digest, body, statement) values (of_kind, next_digest, body, by_statement);
  return next_digest;
end $gate$;
`;
