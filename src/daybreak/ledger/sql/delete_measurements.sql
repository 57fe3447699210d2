-- Forget the chunks of a pass: the target lost some; what it still knows is written down again.
delete from daybreak_ledger.measurements where run_id = :run_id and step = :step and pass = :pass
