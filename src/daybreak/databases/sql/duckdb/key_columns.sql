-- The columns of a table, as far as it matters to what is equal in them.
select c.column_name as name,
  c.data_type as spelled,
  c.data_type <> 'VARCHAR' or not regexp_matches(t.sql, '\bcollate\b', 'i') as is_plain,
  case
    when c.data_type in (
      'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT',
      'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT', 'UHUGEINT'
    ) then 'integer'
    when c.data_type = 'VARCHAR' then 'text'
    when c.data_type = 'UUID' then 'uuid'
    when c.data_type = 'DATE' then 'date'
    when c.data_type = 'BLOB' then 'bytes'
    else ''
  end as kind
from duckdb_columns() c
join duckdb_tables() t using (database_oid, schema_oid, table_oid)
where c.database_name = current_database()
  and lower(c.schema_name) = lower(case when contains(:table, '.') then split_part(:table, '.', 1) else 'main' end)
  and lower(c.table_name) = lower(split_part(:table, '.', -1))
