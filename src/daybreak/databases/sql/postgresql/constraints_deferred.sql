-- The constraints that are checked at COMMIT, as SET CONSTRAINTS wants their names.
select string_agg(format('%I.%I', n.nspname, c.conname), ', ') as names
from pg_constraint c
join pg_namespace n on n.oid = c.connamespace
where c.condeferred
