/** Everything that people signed about one release, to be kept as evidence and checked elsewhere. It reads, and opens nothing. */
export const recordFunctions = String.raw`
create function gate.instant_of(moment timestamptz) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $gate$
  select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$gate$;

create function gate.one_line(octets bytea) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $gate$
  select replace(encode(octets, 'base64'), E'\n', '')
$gate$;

-- When a sealed release was first handed in (null if never), and the present time: people are told from these two from when
-- signatures count.
create function gate.received(of_seal text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select jsonb_build_object('firstSeen', (select gate.instant_of(f.received_at) from gate.first_seen f where f.seal = of_seal),
    'now', gate.instant_of(clock_timestamp()))
$gate$;

-- All statements about a release and its ratifications, each with its signatures; all registries and policies, with the statements that put them in force; all adoptions.
create function gate.record_of(of_seal text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select jsonb_build_object('facts', gate.facts(),
    'firstSeen', (select gate.instant_of(f.received_at) from gate.first_seen f where f.seal = of_seal),
    'documents', (select coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'digest', d.digest, 'body', d.body,
      'acceptedAt', gate.instant_of(d.accepted_at), 'statement', d.statement) order by d.number), '[]') from gate.documents d),
    'statements', (select coalesce(jsonb_agg(jsonb_build_object('kind', s.kind, 'digest', s.digest, 'subject', s.subject, 'body', s.body,
        'receivedAt', gate.instant_of(s.received_at),
        'descriptor', (select t.descriptor from gate.targets t where t.statement = s.digest),
        'signatures', (select coalesce(jsonb_agg(jsonb_build_object('credential', g.credential,
            'authenticatorData', gate.one_line(g.authenticator_data), 'clientDataJSON', gate.one_line(g.client_data),
            'signature', gate.one_line(g.signature), 'receivedAt', gate.instant_of(g.received_at)) order by g.received_at, g.credential), '[]')
          from gate.signatures g where g.statement = s.digest),
        'acceptedAt', coalesce((select gate.instant_of(a.abandoned_at) from gate.abandoned a where a.statement = s.digest),
          (select gate.instant_of(a.adopted_at) from gate.adoptions a where a.statement = s.digest)),
        'adopted', (select jsonb_build_object('before', a.before, 'incarnation', a.incarnation) from gate.adoptions a where a.statement = s.digest))
        order by s.received_at, s.digest), '[]')
      from gate.statements s where s.kind in ('registry', 'policy', 'adoption') or s.subject = of_seal
        or s.subject in (select r.digest from gate.statements r where (r.kind in ('ratification', 'abandonment') and r.subject = of_seal) or r.kind in ('registry', 'policy', 'adoption'))))
$gate$;
`;
