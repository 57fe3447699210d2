-- What the catalogue demands of a table's rows; lists are JSON. CHECK is in no catalogue here.
select 'not null' as kind, null as name, null as expression, null as length, json_array(name) as columns,
  '[]' as types, null as parent, 0 as is_own_parent, '[]' as parent_columns
from pragma_table_info(:table) where "notnull"
union all
select 'unique', null, null, null, json_group_array(name), '[]', null, 0, '[]'
from (select name from pragma_table_info(:table) where pk order by pk)
having count(*) > 0
union all
select 'unique', null, null, null,
  (select json_group_array(name) from pragma_index_info(il.name) where name is not null),
  '[]', null, 0, '[]'
from pragma_index_list(:table) il where il."unique" and not il.partial and il.origin <> 'pk'
union all
select 'foreign key', null, null, null, json_group_array("from"), '[]', "table",
  lower("table") = lower(:table),
  json_group_array(
    coalesce("to", (select name from pragma_table_info(fk."table") where pk = fk.seq + 1))
  )
from (select * from pragma_foreign_key_list(:table) order by id, seq) fk
group by id
