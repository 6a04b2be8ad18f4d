select count(*) from gov_axes
