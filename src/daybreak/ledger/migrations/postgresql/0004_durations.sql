-- What a step took at work, in how many attempts and with which knobs; the runs of a job are found.
alter table daybreak_ledger.steps add column attempts integer;
alter table daybreak_ledger.steps add column seconds double precision;
alter table daybreak_ledger.steps add column parallel integer;
alter table daybreak_ledger.steps add column chunk integer;
create index runs_by_job on daybreak_ledger.runs (job, id);
