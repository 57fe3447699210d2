-- Give back what a step has.
delete from daybreak_ledger.claims where run_id = :run_id and step = :step
