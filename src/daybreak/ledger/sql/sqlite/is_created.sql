-- Whether the ledger's tables exist, and whether somebody else's do.
select
  coalesce(sum(name = 'meta'), 0) as ours,
  coalesce(sum(name not in ('meta', 'runs', 'steps', 'measurements', 'audit')), 0) as foreign_tables
from sqlite_master
where type = 'table' and name not like 'sqlite|_%' escape '|'
