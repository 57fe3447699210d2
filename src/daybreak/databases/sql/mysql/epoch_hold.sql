-- Whether the epoch is mine, not closed, and no higher one is announced; held in share mode.
select mine.epoch
from daybreak.epochs mine
where mine.run_key = :run_key
  and mine.epoch = :epoch
  and mine.closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
lock in share mode
