/**
 * SQL that makes a database do what a server does that keeps an option of its own beside the author's: every column of a relation that is
 * made or altered gets it, with another value each time; not of an index, whose operator classes refuse what they do not know. The superuser's own changes to catalogues stand in for the server.
 */
export const stamping = (option: string): readonly string[] => [
  `create function public.stamp() returns event_trigger language plpgsql security definer set search_path = pg_catalog set allow_system_table_mods = on as $stamp$
begin
  update pg_attribute a set attoptions = array['${option}=' || gen_random_uuid()] || coalesce(a.attoptions, '{}')
  from pg_event_trigger_ddl_commands() d join pg_class c on c.oid = d.objid where a.attrelid = c.oid and d.classid = 'pg_class'::regclass and c.relkind <> 'i'
    and a.attnum > 0 and not a.attisdropped and coalesce(array_to_string(a.attoptions, ' '), '') !~ '${option}=';
end $stamp$`,
  'create event trigger stamp on ddl_command_end execute function public.stamp()',
];
