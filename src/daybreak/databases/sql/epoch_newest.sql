-- The newest owner of a run that this target was told of.
select ledger_id, run_id, epoch, owner
from daybreak.epochs
where run_key = :run_key
order by epoch desc
limit 1
