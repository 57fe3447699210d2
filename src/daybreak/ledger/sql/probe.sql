-- Prove the right to write; rolled back.
update daybreak_ledger.meta set version = version
