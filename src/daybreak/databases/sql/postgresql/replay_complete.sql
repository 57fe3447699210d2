-- What became of the records replayed; it commits with their data and their fates, in the
-- transaction that was begun and in no other: else this divides by zero, and nothing is committed.
with completed as (
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
    and pg_current_xact_id_if_assigned()::text = :transaction_id
  returning 1
)
select 1 / count(*) as rows from completed
