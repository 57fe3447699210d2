-- The columns of a table or view, in their order.
select c.column_name as name, c.data_type as type, c.is_nullable, c.column_default,
  exists (
    select 1 from duckdb_views() v
    where v.database_name = c.database_name and v.schema_name = c.schema_name
      and v.view_name = c.table_name
  ) as is_view,
  c.is_generated
from duckdb_columns() c
where c.database_name = current_database()
  and lower(c.schema_name) = lower(:schema)
  and lower(c.table_name) = lower(:table)
order by c.column_index
