-- The records of a pass that are in quarantine, each with the range in which it was read.
select
  q.range_after, m.range_upto, q.origin, q.place, q.reason, q.raw, q.by_check
from daybreak.quarantine q
join daybreak.markers m
  on m.run_key = q.run_key
  and m.step = q.step
  and m.pass = q.pass
  and m.range_hash = q.range_hash
where q.run_key = :run_key and q.step = :step and q.pass = :pass_
