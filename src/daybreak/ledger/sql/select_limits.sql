-- The limits that all runs of this ledger share.
select name, units, set_by, set_at from daybreak_ledger.limits order by name
