-- What became of the records replayed; it commits with their data and their fates.
update daybreak.replays
set records_taken = :taken,
    records_passed = :passed,
    records_filtered = :filtered,
    records_quarantined = :quarantined,
    records_superseded = :superseded,
    rows_written = :written,
    replayed_at = :replayed_at
where run_key = :run_key
  and step = :step
  and pass = :pass_
  and epoch = :epoch
  and number = :number
  and replayed_at is null
