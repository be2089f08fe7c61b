-- What is deleted when its time is over, and how far that has got.

pragma user_version = 10;

-- Runs that are deleted: their own rows are gone, what they recorded goes little by little.
create table removal (
    flow_run blob primary key not null
) without rowid;

-- Result files to which the last reference was deleted, and when; who removes one looks again.
create table stale_result (
    reference text primary key not null,
    since integer not null
) without rowid;

create index stale_result_by_time on stale_result (since);

-- When something was done that is done now and then, and at which id it goes on.
create table upkeep (
    name text primary key not null,
    done integer not null,
    place blob
) without rowid;

-- Runs that have ended (3 to 6) by when that was, without those that others called.
create index flow_run_by_end on flow_run (state, coalesce(ended, created), id)
where parent_run is null and state between 3 and 6;

-- When the last of the runs below one ended, and which of them have not (or have crashed, 6, and may
-- go on).
create index flow_run_below on flow_run (root_run, coalesce(ended, created))
where parent_run is not null;

create index flow_run_unfinished_below on flow_run (root_run, state)
where parent_run is not null and state not between 3 and 5;

-- Whether anything speaks of a process, or of a file.
create index flow_run_ended_in_process on flow_run (process) where state between 3 and 6;

create index cache_result on cache (result_reference) where result_reference is not null;

-- A key that no other run can have is of no use after its run.
alter table cache add column of_run integer not null default 0;

create index cache_of_run on cache (flow_run) where of_run = 1;

create index task_transaction_values on task_transaction (values_reference)
where values_reference is not null;

-- Runs of deployments that have crashed (6) and were not looked at by who lets them go on.
create view crashed_work as
select work.flow_run
from work
inner join deployment on deployment.id = work.deployment
where work.worker is not null and work.crashes >= 0;

-- Runs with all below them where everything has ended and nothing is to go on; last_below is when the
-- last of those below ended.
create view finished_tree as
select
    id, state, coalesce(ended, created) as finished,
    (
        select max(coalesce(below.ended, below.created)) from flow_run as below
        where below.root_run = root.id and below.parent_run is not null
    ) as last_below
from flow_run as root
where
    parent_run is null
    and state between 3 and 6
    and not (state = 6 and exists (select 1 from crashed_work where flow_run = root.id))
    and not exists (
        select 1 from flow_run as below
        where
            below.root_run = root.id and below.parent_run is not null
            and below.state not between 3 and 5
            and (below.state <> 6 or exists (select 1 from crashed_work where flow_run = below.id))
    );
