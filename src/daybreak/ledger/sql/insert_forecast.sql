-- Keep a forecast of a step.
insert into daybreak_ledger.forecasts (job, step, databases, workers, made_at, forecast)
values (:job, :step, :databases, :workers, :made_at, :forecast)
