-- What a step's former pass left to be replaced, and the passes of others that it was made from.
alter table daybreak_ledger.steps add column former text;
alter table daybreak_ledger.steps add column upstream text;
