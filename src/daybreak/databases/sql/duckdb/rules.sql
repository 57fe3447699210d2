-- What the catalogue demands of a table's rows. `types` are those of the columns.
with ours as (
  select * from duckdb_constraints()
  where database_name = current_database()
    and lower(schema_name || '.' || table_name) = lower(:table)
    and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY', 'CHECK', 'NOT NULL')
),
typed as (
  select place.constraint_index, list(c.data_type order by place.number) as types
  from (
    select constraint_index, unnest(constraint_column_names) as name,
      generate_subscripts(constraint_column_names, 1) as number
    from ours
  ) place
  join duckdb_columns() c on c.column_name = place.name
  where c.database_name = current_database()
    and lower(c.schema_name || '.' || c.table_name) = lower(:table)
  group by place.constraint_index
)
select
  case ours.constraint_type
    when 'PRIMARY KEY' then 'unique'
    else lower(ours.constraint_type) end as kind,
  null as name,
  ours.expression,
  null as length,
  ours.constraint_column_names as columns,
  typed.types,
  ours.referenced_table as parent,
  coalesce(ours.referenced_table = ours.table_name, false) as is_own_parent,
  coalesce(ours.referenced_column_names, []) as parent_columns
from ours join typed using (constraint_index)
order by ours.constraint_index
