select count(*) from (select collection from gov_ownership group by collection having count(*) > 1) twice
