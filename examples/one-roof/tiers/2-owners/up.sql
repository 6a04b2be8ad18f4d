-- The four bodies that can be accountable, and their collection in Directus.
insert into gov_owners (owner, title, level) values
  ('GOV-COUNCIL', 'Governance council', 4),
  ('KG-SYS', 'Knowledge graph and systems', 2),
  ('DOT', 'Data operations team', 2),
  ('MOIT', 'Management of information technology', 2);

insert into directus_collections (collection, icon, note, translations, sort)
values ('gov_owners', 'shield', 'Who is accountable', '[{"language": "en-US", "translation": "Owners"}]', 901);

insert into directus_fields (id, collection, field, interface, options, sort) values
  (900001, 'gov_owners', 'owner', 'input', '{"iconLeft": "key"}', 1),
  (900002, 'gov_owners', 'title', 'input', null, 2),
  (900003, 'gov_owners', 'level', 'slider', '{"maxValue": 4}', 3);

-- a policy of its own: what a production has is for its people to name, and an INSERT … SELECT of a name that is not there adds nothing
insert into directus_policies (id, name, icon, description) values
  ('0e000000-0000-4000-8000-000000000001', 'Governance', 'shield', 'May read who is accountable');

insert into directus_permissions (id, collection, action, permissions, fields, policy)
values (900001, 'gov_owners', 'read', '{}', '*', '0e000000-0000-4000-8000-000000000001');
