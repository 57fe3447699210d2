-- The marker of one range, if it is committed.
select
  range_after, range_upto, epoch, records_read, records_passed, records_filtered,
  records_quarantined, records_superseded, records_refused, rows_written, bytes_read, digest,
  duration_s, value, committed_at
from daybreak.markers
where run_key = :run_key and step = :step and pass = :pass_ and range_hash = unhex(sha2(:range_after, 256))
