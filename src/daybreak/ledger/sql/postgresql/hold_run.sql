-- The run is still mine: every write begins with this, and it is a sign of life.
update daybreak_ledger.runs
set
  beat = beat + 1,
  lease_until = case
    when ended_at is null
    then clock_timestamp() + lease_s * interval '1 second'
  end
where id = :run_id and epoch = :epoch
