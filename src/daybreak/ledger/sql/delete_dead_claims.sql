-- Take away what an owner had that gives no sign of life, if it is still as it was seen.
delete from daybreak_ledger.claims
where run_id = :run_id
  and epoch = :epoch
  and exists (
    select 1 from daybreak_ledger.runs
    where id = :run_id and epoch = :epoch and beat = :beat
  )
