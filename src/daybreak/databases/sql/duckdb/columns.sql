-- The columns of a table or view, in their order.
select c.column_name as name, c.data_type as type, c.data_type as made_of, c.is_nullable,
  c.column_default is not null or c.is_generated as is_filled,
  c.is_generated as is_computed,
  false as is_always_numbered,
  exists (
    select 1 from duckdb_views() v
    where v.database_name = c.database_name and v.schema_name = c.schema_name
      and v.view_name = c.table_name
  ) as is_view
from duckdb_columns() c
where c.database_name = current_database()
  and lower(c.schema_name) = lower(coalesce(nullif(:schema, ''), 'main'))
  and lower(c.table_name) = lower(:table)
order by c.column_index
