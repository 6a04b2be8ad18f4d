select count(*) from gov_ownership
