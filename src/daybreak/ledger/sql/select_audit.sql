-- What was done to a run and by whom, the oldest first.
select at, who, what, details from daybreak_ledger.audit where run_id = :run_id order by id
