-- The columns of a table, as far as it matters to what is equal in them.
select c.column_name as name,
  c.column_type as spelled,
  1 as is_plain,
  case
    when c.data_type in ('tinyint', 'smallint', 'mediumint', 'int', 'bigint') then 'integer'
    when c.data_type = 'date' then 'date'
    else ''
  end as kind
from information_schema.columns c
where c.table_schema =
    case when locate('.', :table) > 0 then substring_index(:table, '.', 1) else database() end
  and c.table_name = substring_index(:table, '.', -1)
