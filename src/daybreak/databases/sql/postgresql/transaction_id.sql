-- The number of this transaction, or NULL if it has none (then it is not the one that was begun).
select pg_current_xact_id_if_assigned()::text as transaction_id
