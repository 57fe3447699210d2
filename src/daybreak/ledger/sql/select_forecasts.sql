-- The forecasts of a job's steps, the oldest first.
select id, step, databases, workers, made_at, forecast
from daybreak_ledger.forecasts
where job = :job
order by id
