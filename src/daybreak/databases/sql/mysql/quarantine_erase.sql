-- Remove what a record in quarantine says about a person; that it was set aside stays.
update daybreak.quarantine
set raw = :raw, details = '{}', place = :place, reason = :reason
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and range_hash = unhex(sha2(:range_after, 256))
  and origin = :origin
