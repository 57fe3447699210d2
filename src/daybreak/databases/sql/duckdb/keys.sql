-- The columns of every unique constraint of a table.
select constraint_column_names as columns
from duckdb_constraints()
where database_name = current_database()
  and lower(schema_name) = lower(:schema)
  and lower(table_name) = lower(:table)
  and constraint_type in ('PRIMARY KEY', 'UNIQUE')
