-- What a step took at work, in how many attempts and with which knobs; the runs of a job are found.
alter table steps add column attempts integer;
alter table steps add column seconds real;
alter table steps add column parallel integer;
alter table steps add column chunk integer;
create index runs_by_job on runs (job, id);
