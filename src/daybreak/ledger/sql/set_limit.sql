-- Set a limit, or change it; who is at work already keeps what it has.
insert into daybreak_ledger.limits (name, units, set_by, set_at)
values (:limit_name, :units, :set_by, :set_at)
on conflict (name) do update
set units = excluded.units, set_by = excluded.set_by, set_at = excluded.set_at
