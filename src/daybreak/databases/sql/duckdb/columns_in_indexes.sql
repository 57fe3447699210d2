-- The columns of a table; `is_indexed`: to change one is to delete and insert its row.
with named as (
  select
    case when contains(:table, '.') then split_part(:table, '.', 1) else 'main' end as schema_name,
    split_part(:table, '.', -1) as table_name
),
keys as (
  select lower(unnest(k.constraint_column_names)) as name
  from duckdb_constraints() k, named
  where k.database_name = current_database()
    and lower(k.schema_name) = lower(named.schema_name)
    and lower(k.table_name) = lower(named.table_name)
    and k.constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
),
indexes as (
  select string_agg(lower(i.expressions), ' ') as spelled
  from duckdb_indexes() i, named
  where i.database_name = current_database()
    and lower(i.schema_name) = lower(named.schema_name)
    and lower(i.table_name) = lower(named.table_name)
)
select c.column_name as name,
  c.data_type as type,
  regexp_matches(c.data_type, '[\[\]\(]') and not starts_with(c.data_type, 'DECIMAL') as is_nested,
  lower(c.column_name) in (select name from keys)
    or coalesce(contains(indexes.spelled, lower(c.column_name)), false)
    or is_nested as is_indexed,
  c.data_type = 'VARCHAR' and regexp_matches(t.sql, '\bcollate\b', 'i') as is_collated
from duckdb_columns() c
join duckdb_tables() t using (database_oid, schema_oid, table_oid)
cross join indexes
cross join named
where c.database_name = current_database()
  and lower(c.schema_name) = lower(named.schema_name)
  and lower(c.table_name) = lower(named.table_name)
