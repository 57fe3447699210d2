-- Add a line to the audit, once.
insert into daybreak_ledger.audit (note_id, run_id, at, who, what, details)
values (:note_id, :run_id, :at, :who, :what, :details)
on conflict (note_id) do nothing
