-- Scratch databases of this one to which nobody is connected: their rehearsals were killed.
select own.datname as name
from pg_database own
where own.datname like :pattern
  and not exists (select 1 from pg_stat_activity there where there.datid = own.oid)
