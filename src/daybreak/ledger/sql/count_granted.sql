-- How many steps of an owner have what they use.
select count(*) as steps
from daybreak_ledger.claims
where run_id = :run_id and epoch = :epoch and granted_at is not null
