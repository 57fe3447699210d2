-- The ledger's name and version.
select ledger_id, version from daybreak_ledger.meta
