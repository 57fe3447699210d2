-- Whether a line of the audit was committed, and of which run.
select run_id from daybreak_ledger.audit where note_id = :note_id
