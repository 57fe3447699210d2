-- A transaction that holds these two tables cannot be committed: PostgreSQL refuses, at COMMIT, that
-- a table which is emptied there is referenced by one which is not. Whoever tries rolls it back.
create temporary table daybreak_seal (n integer primary key) on commit delete rows;
create temporary table daybreak_sealed (n integer references daybreak_seal);
