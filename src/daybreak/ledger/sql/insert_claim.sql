-- Come to the limits: the ticket says who came first, and stays the same however often one asks.
insert into daybreak_ledger.claims (run_id, epoch, step, uses, claimed_at)
values (:run_id, :epoch, :step, :uses, :now)
on conflict (run_id, step) do nothing
