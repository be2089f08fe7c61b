-- Pools and their queues, fair turns, who does what, what is owed to runs that have died.

update schema_version set version = 9;

-- What somebody has said of a pool; one of which nobody has said anything needs no row.
create table pool (
    name text collate "C" primary key not null,
    type text collate "C" not null,
    description text collate "C",
    slots bigint,
    paused bigint not null,
    created bigint not null,
    updated bigint not null
);

-- A part of a pool with a rank of its own: what waits in one of a smaller number goes first.
create table work_queue (
    pool text collate "C" not null,
    name text collate "C" not null,
    description text collate "C",
    rank bigint not null,
    slots bigint,
    paused bigint not null,
    created bigint not null,
    updated bigint not null,
    primary key (pool, name)
);

-- Processes that take runs.
create table worker (
    process bytea primary key not null,
    name text collate "C" not null,
    pools text collate "C",
    slots bigint,
    created bigint not null
);

-- Which process does what only one is to do at a time.
create table leader (
    role text collate "C" primary key not null,
    process bytea not null,
    since bigint not null
);

-- Hooks of runs whose process could not call them any more.
create table owed_hook (
    flow_run bytea not null,
    epoch bigint not null,
    state bigint not null,
    state_name text collate "C",
    message text collate "C",
    created bigint not null,
    teller bytea,
    primary key (flow_run, epoch)
);

-- Runs for times that have passed, so many of them at once.
create table backfill (
    id bytea primary key not null,
    deployment bytea not null,
    schedule text collate "C",
    first bigint not null,
    last bigint not null,
    slots bigint not null,
    made bigint not null,
    cancelled bigint,
    created bigint not null
);

-- A lane is what runs queue up in for the limit of their deployment: one for each key of it.
alter table work add column queue text collate "C" not null default 'default';
alter table work add column lane text collate "C" not null default '';
alter table work add column backfill bytea;
alter table work add column turn bigint not null default 0;

update work set lane = encode(deployment, 'hex'), turn = due - priority * 600000000;

drop index work_waiting;

-- What waits is found by pool in the order of its turn, whatever has been done before.
create index work_waiting on work (pool, turn, flow_run) where worker is null;

create index work_by_backfill on work (backfill, flow_run) where backfill is not null;

-- Who looks after runs that have crashed (6) does not wade through the others.
create index flow_run_crashed on flow_run (id) where state = 6;

-- Work with its columns in the order of noria.core.records.WorkRow.
create view work_record as
select
    flow_run, deployment, schedule, key, pool, priority, due, worker, crashes, queue, lane, backfill,
    turn
from work;
