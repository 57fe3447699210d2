-- Remove what a record in quarantine says about a person; that it was set aside stays.
update daybreak.quarantine
set raw = :raw, details = '{}', place = :place, reason = :reason
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and range_after = :range_after
  and origin = :origin
