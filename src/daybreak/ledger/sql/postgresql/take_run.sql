-- Become a run's owner, if it is still as it was seen: one winner, with an epoch of its own.
update daybreak_ledger.runs
set
  status = 'running',
  epoch = epoch + 1,
  owner_host = :owner_host,
  owner_pid = :owner_pid,
  owner_lock = :owner_lock,
  beat = beat + 1,
  lease_s = :lease_s,
  lease_until = clock_timestamp() + :lease_s * interval '1 second',
  started_at = coalesce(started_at, :now),
  ended_at = null,
  error = null
where id = :run_id
  and epoch = :epoch
  and beat = :beat
  and :allowed like '% ' || status || ' %'
