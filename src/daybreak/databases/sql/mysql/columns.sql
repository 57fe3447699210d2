-- The columns of a table or view, in their order.
select c.column_name as name,
  c.column_type as type,
  c.data_type as made_of,
  c.is_nullable = 'YES' as is_nullable,
  c.column_default is not null or c.extra like '%auto_increment%'
    or coalesce(c.generation_expression, '') <> '' as is_filled,
  coalesce(c.generation_expression, '') <> '' as is_computed,
  0 as is_always_numbered,
  exists (
    select 1 from information_schema.views v
    where v.table_schema = c.table_schema and v.table_name = c.table_name
  ) as is_view
from information_schema.columns c
where c.table_schema = coalesce(nullif(:schema, ''), database()) and c.table_name = :table
order by c.ordinal_position
