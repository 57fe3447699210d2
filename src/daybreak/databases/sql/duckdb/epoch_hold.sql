-- Whether the epoch is mine, not closed, and no higher one is announced; held by a count
-- (see `mark`), so that whoever closes it meanwhile is refused.
update daybreak.epochs set held = held + 1
where run_key = :run_key
  and epoch = :epoch
  and closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
returning epoch
