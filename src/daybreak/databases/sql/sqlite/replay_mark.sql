-- Fence and door of one replay, as `mark` does it for a chunk: the row is written only if the epoch
-- is mine, not closed, and no higher one is announced; BEGIN IMMEDIATE holds it.
insert into daybreak.replays (run_key, step, pass, epoch, number)
select :run_key, :step, :pass_, mine.epoch, :number
from daybreak.epochs mine
where mine.run_key = :run_key
  and mine.epoch = :epoch
  and mine.closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
on conflict (run_key, step, pass, epoch, number) do nothing
returning '' as transaction_id
