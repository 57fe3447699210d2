-- Fence and door of one replay, as `mark` does it for a chunk: the row is written only if the epoch
-- is mine, not closed, and no higher one is announced (held in share mode to the end).
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
for share of mine
on conflict (run_key, step, pass, epoch, number) do nothing
returning pg_current_xact_id()::text as transaction_id
