-- Wait for whoever else enters a run; it also proves the right to write.
update daybreak_ledger.meta set version = version
