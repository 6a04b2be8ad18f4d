/** The next registries and policies that people are signing now: what `gate.accept` would look at. */
export const changesFunctions = String.raw`
create function gate.changes() returns table (statement text, kind text, subject text, persons text[], missing text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.digest, s.kind, s.subject, (select array_agg(p.person order by p.person) from gate.signers(s.digest) p),
    gate.closed_seats(s.digest, (gate.active('policy')).body::jsonb -> 'quorum')
  from gate.statements s
  where s.kind in ('registry', 'policy') and s.body::jsonb #>> '{predicate,previous}' = (gate.active(s.kind)).digest
    and s.received_at >= (gate.active(s.kind)).accepted_at
  order by s.received_at desc
$gate$;
`;
