-- Quarantined records of one step of a run, in the order of the source's ranges.
select step, pass, range_after, origin, place, stage, reason, details, raw, by_check, set_aside_at
from daybreak.quarantine
where run_key = :run_key and step = :step
order by place, origin
