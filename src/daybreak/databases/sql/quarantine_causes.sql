-- Quarantined records of a run, grouped by cause.
select step, pass, stage, reason, by_check, count(*) as records
from daybreak.quarantine
where run_key = :run_key
group by step, pass, stage, reason, by_check
order by step, records desc, reason
