-- Take one record out of quarantine, in the transaction that processes it again.
delete from daybreak.quarantine
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and range_after = :range_after
  and origin = :origin
