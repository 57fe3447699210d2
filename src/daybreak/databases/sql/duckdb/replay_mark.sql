-- Fence, then door. The epoch's row is changed to what it is, so that whoever closes it meanwhile
-- is refused, or refuses us: one of the two commits.
update daybreak.epochs set closed_at = closed_at
where run_key = :run_key and epoch = :epoch and closed_at is null;
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
returning '' as transaction_id;
