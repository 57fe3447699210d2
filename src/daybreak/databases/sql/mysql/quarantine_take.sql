-- Take one record out of quarantine, in the transaction that processes it again.
delete from daybreak.quarantine
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and range_hash = unhex(sha2(:range_after, 256))
  and origin = :origin
