-- Fence, then marker. First the epoch's row is locked in share mode, to the end; only then it is
-- read whether it is mine, not closed, and no higher one is announced. A second try waits at the row
-- that the first one inserted, and is refused by its key.
select epoch from daybreak.epochs
where run_key = :run_key and epoch = :epoch
lock in share mode;
insert into daybreak.markers (run_key, step, pass, range_after, range_upto, epoch)
select :run_key, :step, :pass_, :range_after, :range_upto, mine.epoch
from daybreak.epochs mine
where mine.run_key = :run_key
  and mine.epoch = :epoch
  and mine.closed_at is null
  and not exists (
    select 1 from daybreak.epochs higher
    where higher.run_key = :run_key and higher.epoch > :epoch
  );
