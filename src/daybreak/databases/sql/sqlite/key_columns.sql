-- The columns of a table, as far as it matters to what is equal in them: affinity by the declared
-- type, and the collation of the key that they stand in.
with collations as (
  select x.name as name, max(x.coll) filter (where upper(x.coll) <> 'BINARY') as coll
  from pragma_index_list(:table) l, pragma_index_xinfo(l.name) x
  where l."unique" and x.key and x.name is not null
  group by x.name
)
select t.name as name,
  t.type || coalesce(' collate "' || c.coll || '"', '') as spelled,
  c.coll is null as is_plain,
  case
    when upper(t.type) like '%INT%' then 'integer'
    when upper(t.type) like '%CHAR%' or upper(t.type) like '%CLOB%' or upper(t.type) like '%TEXT%'
      then 'text'
    else ''
  end as kind
from pragma_table_xinfo(:table) t
left join collations c on c.name = t.name
