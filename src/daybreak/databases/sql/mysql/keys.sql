-- The columns of every unique index of a table; without a name, an expression or the beginning of
-- a text.
select s.index_name as key_number,
  case when s.sub_part is null then s.column_name end as name
from information_schema.statistics s
where s.table_schema = coalesce(nullif(:schema, ''), database()) and s.table_name = :table
  and s.non_unique = 0
