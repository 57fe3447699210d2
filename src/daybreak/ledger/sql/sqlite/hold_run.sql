-- The run is still mine: every write begins with this, and it is a sign of life.
update daybreak_ledger.runs
set
  beat = beat + 1,
  lease_until = case
    when ended_at is null
    then strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', lease_s || ' seconds')
  end
where id = :run_id and epoch = :epoch
