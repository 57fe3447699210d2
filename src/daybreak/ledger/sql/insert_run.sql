-- Enter a run that nobody owns yet.
insert into daybreak_ledger.runs (
  id, job, job_file, identity_key, family_key, number, night, parameters, databases, folder,
  status, epoch, beat, created_at
)
values (
  :id, :job, :job_file, :identity_key, :family_key, :number, :night, :parameters, :databases,
  :folder, 'stopped', 0, 0, :created_at
)
