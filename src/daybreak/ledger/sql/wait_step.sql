-- Write down what a step waits for, which has not begun.
update daybreak_ledger.steps set waits_for = :waits_for where run_id = :run_id and step = :step
