select count(*) from gov_collections
