-- Give a new ledger its name.
insert into daybreak_ledger.meta (ledger_id, version, created_at, last_run_id)
values (:ledger_id, :version, :created_at, 0)
