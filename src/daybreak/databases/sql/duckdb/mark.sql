-- Fence, then marker. Holding an epoch is counted in its row, and so is closing it: whoever does
-- the one while somebody does the other is refused. A write that changes no value would not do, for
-- it is none: conflicts are seen by column, and where a value is another one.
update daybreak.epochs set held = held + 1
where run_key = :run_key and epoch = :epoch and closed_at is null;
insert into daybreak.markers (run_key, step, pass, range_after, range_upto, epoch)
select :run_key, :step, :pass_, :range_after, :range_upto, mine.epoch
from daybreak.epochs mine
where mine.run_key = :run_key
  and mine.epoch = :epoch
  and mine.closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  )
on conflict (run_key, step, pass, range_after) do nothing
returning '' as transaction_id;
