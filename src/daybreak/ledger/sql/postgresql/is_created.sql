-- Whether the ledger's tables exist; its schema is its own, so nobody else's are counted.
select count(*) as ours, 0 as foreign_tables
from pg_catalog.pg_tables
where schemaname = 'daybreak_ledger' and tablename = 'meta'
