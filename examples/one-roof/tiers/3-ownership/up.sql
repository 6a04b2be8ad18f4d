-- The ownership seed: the assertion of accountability that only people can ratify.
insert into gov_ownership (id, collection, owner, assigned_on)
select collection || ':' || owner, collection, owner, date '2026-06-03'
from (
  select collection,
    case
      when collection like 'os\_proposal%' or collection in ('contacts', 'organizations', 'organizations_contacts', 'globals') then 'GOV-COUNCIL'
      when collection like 'os\_%' then 'DOT'
      when collection like 'help\_%' or collection in ('conversations', 'messages', 'inbox', 'forms', 'redirects', 'seo') then 'MOIT'
      else 'KG-SYS'
    end as owner
  from gov_collections
) as assigned;

insert into gov_ledger (entry, collection, owner, basis)
select c.sort, w.collection, w.owner, 'One Roof, ownership seed'
from gov_ownership w
join gov_collections c on c.collection = w.collection;

alter table gov_ownership add constraint gov_ownership_owner_known foreign key (owner) references gov_owners (owner) not valid;

alter table gov_ownership validate constraint gov_ownership_owner_known;
