-- Enter a step before it begins, or say anew where it stands among the others and what it is for.
insert into daybreak_ledger.steps (run_id, step, position, impact, status, pass)
values (:run_id, :step, :position, :impact, 'waiting', 1)
on conflict (run_id, step) do update
set position = excluded.position, impact = excluded.impact, waits_for = null
