-- Remove a limit: nobody waits at it any more.
delete from daybreak_ledger.limits where name = :limit_name
