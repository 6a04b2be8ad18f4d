select owner from gov_owners where level not between 1 and 4;
