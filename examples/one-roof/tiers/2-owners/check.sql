-- each owner has a level, and Directus has what it needs to show them
select 'level of ' || owner as missing from gov_owners where level not between 1 and 4
union all
select 'collection' where not exists (select from directus_collections where collection = 'gov_owners')
union all
select 'fields' where (select count(*) from directus_fields where collection = 'gov_owners') <> 3
union all
select 'permission' where not exists (
  select
  from directus_permissions p
  join directus_policies q on q.id = p.policy
  where p.collection = 'gov_owners' and p.action = 'read' and q.name = 'Governance'
);
