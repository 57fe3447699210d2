-- Whether the ledger's tables exist, and how many tables there are in its schema at all.
select
  count(*) filter (where tablename = 'meta') as ours,
  count(*) as all_tables
from pg_catalog.pg_tables
where schemaname = 'daybreak_ledger'
