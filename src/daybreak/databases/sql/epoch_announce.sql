-- From now on chunks of older epochs are refused.
insert into daybreak.epochs (run_key, epoch, ledger_id, run_id, owner, announced_at)
values (:run_key, :epoch, :ledger_id, :run_id, :owner, :announced_at)
on conflict (run_key, epoch) do nothing
