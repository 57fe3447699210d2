-- All that is committed of one pass of a step.
select
  range_after, range_upto, epoch, records_read, records_passed, records_filtered,
  records_quarantined, records_superseded, records_refused, rows_written, bytes_read, digest,
  duration_s, value, committed_at
from daybreak.markers
where run_key = :run_key and step = :step and pass = :pass_
