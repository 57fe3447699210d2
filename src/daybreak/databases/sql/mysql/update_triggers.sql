-- The triggers of a table that an UPDATE fires, as far as the user may see them.
select trigger_name as name
from information_schema.triggers
where event_manipulation = 'UPDATE'
  and event_object_schema =
    case when locate('.', :table) > 0 then substring_index(:table, '.', 1) else database() end
  and event_object_table = substring_index(:table, '.', -1)
order by trigger_name
