-- Write down that a migration was made.
update daybreak_ledger.meta set version = :version
