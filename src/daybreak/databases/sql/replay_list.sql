-- All replays of one pass of a step, and what became of their records.
select records_taken, records_passed, records_filtered, records_quarantined, records_superseded,
  rows_written, replayed_at
from daybreak.replays
where run_key = :run_key and step = :step and pass = :pass_
