-- The columns of every unique constraint of a table.
select constraint_index as key_number, unnest(constraint_column_names) as name
from duckdb_constraints()
where database_name = current_database()
  and lower(schema_name) = lower(coalesce(nullif(:schema, ''), 'main'))
  and lower(table_name) = lower(:table)
  and constraint_type in ('PRIMARY KEY', 'UNIQUE')
