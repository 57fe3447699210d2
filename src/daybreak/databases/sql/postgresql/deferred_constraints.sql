-- Constraints that are checked at COMMIT unless somebody says otherwise.
select quote_ident(place.nspname) || '.' || quote_ident(kept.conname) as name
from pg_constraint kept
join pg_namespace place on place.oid = kept.connamespace
where kept.condeferred
order by name
