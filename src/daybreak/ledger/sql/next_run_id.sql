-- Draw a run's number: short, without holes, for people type it.
update daybreak_ledger.meta set last_run_id = last_run_id + 1 returning last_run_id as id
