-- What the finished steps of a job's newest runs took, with what their chunks took; oldest first.
select
  r.id as run_id, r.night, r.databases, r.epoch,
  s.step, s.pass, s.attempts, s.seconds, s.parallel, s.chunk, s.started_at, s.ended_at,
  case when s.range_upto is null then null else s.records_read end as records,
  cast(coalesce(m.chunks, 0) as bigint) as chunks,
  coalesce(m.chunk_s, 0.0) as chunk_s,
  coalesce(m.chunk_s_max, 0.0) as chunk_s_max
from (
  select id, night, databases, epoch from daybreak_ledger.runs
  where job = :job
  order by id desc
  limit :runs_most
) r
join daybreak_ledger.steps s on s.run_id = r.id
left join (
  select
    run_id, step, pass,
    count(*) as chunks, sum(duration_s) as chunk_s, max(duration_s) as chunk_s_max
  from daybreak_ledger.measurements
  where run_id in (
    select id from daybreak_ledger.runs where job = :job order by id desc limit :runs_most
  )
  group by run_id, step, pass
) m on m.run_id = s.run_id and m.step = s.step and m.pass = s.pass
where s.status = 'done'
order by r.id, coalesce(s.position, 1000000), s.step
