-- Where a step stands.
select status from daybreak_ledger.steps where run_id = :run_id and step = :step
