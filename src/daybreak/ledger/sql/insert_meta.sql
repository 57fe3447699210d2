-- Give a new ledger its name.
insert into daybreak_ledger.meta (ledger_id, version, last_run_id)
values (:ledger_id, :version, 0)
