-- Draw a run's number; whoever else starts a run waits here, so that each sees the other's.
update daybreak_ledger.meta set last_run_id = last_run_id + 1 returning last_run_id as id
