delete from directus_permissions where id = 900001;

delete from directus_policies where id = '0e000000-0000-4000-8000-000000000001';

delete from directus_fields where id between 900001 and 900003;

delete from directus_collections where collection = 'gov_owners';

delete from gov_owners where owner in ('GOV-COUNCIL', 'KG-SYS', 'DOT', 'MOIT');
