-- The tables of this database that take no part in transactions, in lower case.
select lower(known.table_name) as name, known.engine as engine
from information_schema.tables known
left join information_schema.engines engine on engine.engine = known.engine
where known.table_schema = database()
  and known.table_type = 'BASE TABLE'
  and coalesce(engine.transactions, 'NO') <> 'YES'
