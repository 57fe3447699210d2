-- Give back what a run has: it ends, or a new owner begins without what the old one had.
delete from daybreak_ledger.claims where run_id = :run_id
