-- From now on the step has all that it uses.
update daybreak_ledger.claims
set granted_at = :now
where run_id = :run_id and epoch = :epoch and step = :step and granted_at is null
