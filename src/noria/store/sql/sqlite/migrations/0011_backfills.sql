-- What waits of a backfill is found at once.

pragma user_version = 11;

-- The runs of a backfill that wait, however many of it have been taken before.
create index work_waiting_of_backfill on work (backfill, flow_run)
where worker is null and backfill is not null;
