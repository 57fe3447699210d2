-- The schema of this file as statements, in the order in which they can be run elsewhere. Tables that
-- virtual tables bring along by themselves are left out.
select own.sql as statement
from sqlite_master own
where own.sql is not null
  and own.name not like 'sqlite@_%' escape '@'
  and own.tbl_name not like 'daybreak@_%' escape '@'
  and own.name not in (select name from pragma_table_list where type = 'shadow')
order by
  case own.type when 'table' then 1 when 'index' then 2 when 'view' then 3 else 4 end,
  own.rowid
