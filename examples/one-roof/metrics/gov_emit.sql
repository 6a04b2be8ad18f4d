select count(*) from gov_events
