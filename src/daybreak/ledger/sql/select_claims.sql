-- The claims that count, in the order in which they came: those of live epochs of runs at work.
select r.*, c.step, c.uses, c.claimed_at, c.granted_at
from daybreak_ledger.claims c
join daybreak_ledger.runs r on r.id = c.run_id and r.epoch = c.epoch
where r.status in ('running', 'stopping', 'paused')
order by c.ticket
