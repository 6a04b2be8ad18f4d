select collection from gov_collections where axis is null;
