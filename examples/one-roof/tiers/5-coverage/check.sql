select collection, duty from gov_gaps;
