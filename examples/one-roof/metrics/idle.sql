select count(*) from gov_owners o where not exists (select from gov_ownership w where w.owner = o.owner)
