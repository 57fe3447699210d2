-- The triggers of a table that an UPDATE fires, without those behind its foreign keys.
select tgname::text as name
from pg_trigger
where tgrelid = to_regclass(:table)::oid and not tgisinternal and tgenabled <> 'D' and tgtype & 16 <> 0
order by tgname
