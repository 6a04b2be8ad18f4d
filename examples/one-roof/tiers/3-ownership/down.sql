alter table gov_ownership drop constraint if exists gov_ownership_owner_known;

do $$
begin
  if to_regclass('public.gov_ledger') is not null then
    delete from public.gov_ledger where basis = 'One Roof, ownership seed';
  end if;
end $$;

delete from gov_ownership where assigned_on = date '2026-06-03';
