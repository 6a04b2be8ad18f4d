/** The next registries and policies that people are signing now, as `gate.accept` would check them. Expired ones are left out. */
export const changesFunctions = String.raw`
create function gate.changes() returns table (statement text, kind text, subject text, persons text[], withdrawn text[], missing text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select s.digest, s.kind, s.subject, (select array_agg(p.person order by p.person) from gate.signers(s.digest) p),
    array(select distinct w.person from gate.statements r join gate.signatures w on w.statement = r.digest join gate.signatures g on g.statement = s.digest and g.person = w.person
      where r.kind = 'revocation' and r.subject = s.digest order by 1), c.missing
  from gate.statements s cross join lateral (select gate.change_problem(s.digest) as missing) c
  where s.kind in ('registry', 'policy') and (c.missing is null or c.missing ~ '^seats:')
  order by s.received_at desc
$gate$;
`;
