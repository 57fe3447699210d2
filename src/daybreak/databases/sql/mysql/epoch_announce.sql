-- From now on chunks of older epochs are refused.
insert into daybreak.epochs (run_key, epoch, ledger_id, run_id, owner, announced_at)
select :run_key, :epoch, :ledger_id, :run_id, :owner, :announced_at
from dual
where not exists (
  select 1 from daybreak.epochs known where known.run_key = :run_key and known.epoch = :epoch
)
