-- Whether the epoch is mine, not closed, and no higher one is announced; held by being changed to
-- what it is, so that whoever closes it meanwhile is refused.
update daybreak.epochs set closed_at = closed_at
where run_key = :run_key
  and epoch = :epoch
  and closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
returning epoch
