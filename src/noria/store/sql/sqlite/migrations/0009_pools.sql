-- Pools and their queues, fair turns, who does what, what is owed to runs that have died.

pragma user_version = 9;

-- What somebody has said of a pool; one of which nobody has said anything needs no row.
create table pool (
    name text primary key not null,
    type text not null,
    description text,
    slots integer,
    paused integer not null,
    created integer not null,
    updated integer not null
);

-- A part of a pool with a rank of its own: what waits in one of a smaller number goes first.
create table work_queue (
    pool text not null,
    name text not null,
    description text,
    rank integer not null,
    slots integer,
    paused integer not null,
    created integer not null,
    updated integer not null,
    primary key (pool, name)
);

-- Processes that take runs.
create table worker (
    process blob primary key not null,
    name text not null,
    pools text,
    slots integer,
    created integer not null
);

-- Which process does what only one is to do at a time.
create table leader (
    role text primary key not null,
    process blob not null,
    since integer not null
);

-- Hooks of runs whose process could not call them any more.
create table owed_hook (
    flow_run blob not null,
    epoch integer not null,
    state integer not null,
    state_name text,
    message text,
    created integer not null,
    teller blob,
    primary key (flow_run, epoch)
);

-- Runs for times that have passed, so many of them at once.
create table backfill (
    id blob primary key not null,
    deployment blob not null,
    schedule text,
    first integer not null,
    last integer not null,
    slots integer not null,
    made integer not null,
    cancelled integer,
    created integer not null
);

-- A lane is what runs queue up in for the limit of their deployment: one for each key of it.
alter table work add column queue text not null default 'default';
alter table work add column lane text not null default '';
alter table work add column backfill blob;
alter table work add column turn integer not null default 0;

update work set lane = lower(hex(deployment)), turn = due - priority * 600000000;

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
