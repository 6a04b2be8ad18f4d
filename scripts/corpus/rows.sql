-- Gives each table of a database rows, as far as its constraints take them. The setting corpus.text holds the text of the migration that is
-- judged next: its quoted words become values of the tables that it names, because its WHERE clauses ask for them.
do $$
declare
  one record;
  word text;
  words text[] := array(select distinct m[1] from regexp_matches(current_setting('corpus.text'), '''([^''\n]{0,60})''', 'g') m limit 25);
  filled int := -1;
  last int;
  n int;
begin
  -- parents come first: as long as a round fills a table, another one may be possible
  loop
    last := filled;
    select count(*) into filled from corpus_tables where not pg_temp.corpus_is_empty(relation);
    exit when last = filled;
    for one in select relation from corpus_tables where pg_temp.corpus_is_empty(relation) loop
      for n in 1 .. 4 loop
        -- the last row leaves out what may be missing
        if not pg_temp.corpus_insert(one.relation, n, n < 4, null, null) then
          perform pg_temp.corpus_insert(one.relation, n, n = 4, null, null);
        end if;
      end loop;
    end loop;
  end loop;
  for one in select relation, name from corpus_columns c join corpus_tables using (relation)
      where category = 'S' and parent is null and position(lower(table_name) in lower(current_setting('corpus.text'))) > 0 loop
    n := 100;
    foreach word in array words loop
      n := n + 1;
      perform pg_temp.corpus_insert(one.relation, n, true, one.name, word);
    end loop;
  end loop;
end $$;
