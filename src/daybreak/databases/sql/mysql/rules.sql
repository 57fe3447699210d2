-- What the catalogue demands of a table's rows; lists are JSON. `types` are those of the columns.
with spoken as (
  select column_name as name, is_nullable, cast(character_maximum_length as signed) as length, data_type,
    concat(
      column_type,
      coalesce(concat(' character set ', character_set_name, ' collate ', collation_name), '')
    ) as type
  from information_schema.columns
  where table_schema = database() and table_name = :table
)
select 'not null' as kind, null as name, null as expression, null as length,
  concat('[', json_quote(name), ']') as columns, concat('[', json_quote(type), ']') as types,
  null as parent, 0 as is_own_parent, '[]' as parent_columns
from spoken where is_nullable = 'NO'
union all
select 'value', null, null, length, concat('[', json_quote(name), ']'),
  concat('[', json_quote(type), ']'), null, 0, '[]'
from spoken where data_type in ('char', 'varchar')
union all
select 'unique', key_name, null, null, columns, types, null, 0, '[]'
from (
  select s.index_name as key_name,
    concat('[', group_concat(json_quote(spoken.name) order by s.seq_in_index), ']') as columns,
    concat('[', group_concat(json_quote(spoken.type) order by s.seq_in_index), ']') as types
  from information_schema.statistics s
  join spoken on spoken.name = s.column_name
  where s.table_schema = database() and s.table_name = :table and s.non_unique = 0
  group by s.index_name
  having count(s.sub_part) = 0 and count(*) = max(s.seq_in_index)
) unique_keys
union all
select 'foreign key', key_name, null, null, columns, types, parent, is_own_parent, parent_columns
from (
  select k.constraint_name as key_name,
    concat('[', group_concat(json_quote(spoken.name) order by k.ordinal_position), ']') as columns,
    concat('[', group_concat(json_quote(spoken.type) order by k.ordinal_position), ']') as types,
    concat(max(k.referenced_table_schema), '.', max(k.referenced_table_name)) as parent,
    max(k.referenced_table_schema = k.table_schema
      and k.referenced_table_name = k.table_name) as is_own_parent,
    concat(
      '[', group_concat(json_quote(k.referenced_column_name) order by k.ordinal_position), ']'
    ) as parent_columns
  from information_schema.key_column_usage k
  join spoken on spoken.name = k.column_name
  where k.table_schema = database() and k.table_name = :table
    and k.referenced_table_name is not null
  group by k.constraint_name
) foreign_keys
