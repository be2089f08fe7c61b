-- Times are microseconds since the epoch (UTC), ids the 16 bytes of a UUIDv7, states the numbers of
-- noria.core.states.STATE_CODES: 3 to 6 are terminal, 3 is Completed, 8 is Cancelling.

-- The mark of a file that is Noria's: the letters `nori`.
pragma application_id = 1852797545;

pragma user_version = 1;

-- A process that executes runs; its lease tells a live run from a dead one.
create table process (
    id blob primary key not null,
    host text not null,
    boot text not null,
    pid integer not null,
    started integer not null,
    command text not null,
    python text not null,
    created integer not null,
    beat integer not null,
    lease integer not null,
    ended integer,
    verdict text
) without rowid;

-- A flow run as it is now. What people filter by stands first, what may be large stands last.
create table flow_run (
    id blob primary key not null,
    flow_name text not null,
    name text not null,
    epoch integer not null,
    state integer not null,
    state_name text,
    message text,
    created integer not null,
    started integer,
    ended integer,
    run_count integer not null,
    process blob,
    parent_run blob,
    parent_task blob,
    root_run blob not null,
    entrypoint text,
    version text,
    tags text,
    result_format text,
    result_reference text,
    result_size integer,
    result_inline blob,
    parameters text,
    arguments blob,
    error text,
    history text,
    settings text
);

create index flow_run_by_flow on flow_run (flow_name, id);

create index flow_run_by_name on flow_run (name);

-- Run lists show the runs that no other run called: sub-flows must not be waded through.
create index flow_run_top on flow_run (id) where parent_run is null;

create index flow_run_by_parent on flow_run (parent_run, id) where parent_run is not null;

-- Beats and reaping look at live runs only, so a long history costs them nothing.
create index flow_run_live on flow_run (process) where state not between 3 and 6;

create index flow_run_result on flow_run (result_reference) where result_reference is not null;

-- A task run as it is now. There may be millions: clustered by id, so that new ones are appended;
-- started counts from created, duration from started (or from created, if it never started).
create table task_run (
    id blob primary key not null,
    flow_run blob not null,
    epoch integer not null,
    group_number integer not null,
    parent blob,
    name text,
    state integer not null,
    state_name text,
    message text,
    run_count integer not null,
    created integer not null,
    started integer,
    duration integer,
    identity blob,
    result_format text,
    result_inline blob,
    result_reference text,
    result_size integer,
    upstream text,
    inputs text,
    child_run blob,
    cpu integer,
    peak_memory integer,
    process integer,
    tags text,
    error text,
    history text
) without rowid;

-- The id at its end (a table without rowid adds it) makes a page of a group one range.
create index task_run_by_group on task_run (flow_run, group_number);

-- The unfinished and the failed are few: finding them must not read the completed.
create index task_run_not_completed on task_run (flow_run, state) where state <> 3;

create index task_run_result on task_run (result_reference) where result_reference is not null;

-- All calls of one task at one place of a flow, with sums that need no reading of the calls.
create table task_group (
    flow_run blob not null,
    number integer not null,
    epoch integer not null,
    parent integer,
    task_key text not null,
    name text not null,
    kind text not null,
    place text not null,
    tags text,
    expected integer,
    pending integer not null,
    running integer not null,
    retrying integer not null,
    completed integer not null,
    cached integer not null,
    failed integer not null,
    not_ready integer not null,
    cancelled integer not null,
    crashed integer not null,
    upstream text,
    first_start integer,
    last_end integer,
    busy integer not null,
    longest integer not null,
    cpu integer not null,
    primary key (flow_run, number)
) without rowid;

-- One line of a run's log; the id is its position.
create table log (
    id integer primary key,
    flow_run blob,
    task_run blob,
    time integer not null,
    level integer not null,
    logger text not null,
    message text not null,
    extra text
);

create index log_by_run on log (flow_run) where flow_run is not null;

create index log_by_task on log (task_run) where task_run is not null;

-- A result that other runs may use, by key.
create table cache (
    key text primary key not null,
    created integer not null,
    expires integer,
    result_format text not null,
    result_inline blob,
    result_reference text,
    result_size integer not null,
    flow_run blob,
    task_run blob,
    task_name text not null
);

create index cache_by_expiry on cache (expires) where expires is not null;

-- A flow run with its columns in the order of noria.core.records.FlowRunRow.
create view flow_run_record as
select
    id, flow_name, name, epoch, state, state_name, message, created, started, ended, run_count,
    process, parent_run, parent_task, root_run, entrypoint, version, tags, parameters, arguments,
    result_format, result_inline, result_reference, result_size, error, history, settings
from flow_run;

-- A task run with its columns in the order of noria.core.records.TaskRunRow, its times made absolute.
create view task_run_record as
select
    id, flow_run, epoch, group_number, parent, name, state, state_name, message, run_count, created,
    created + started as started, created + coalesce(started, 0) + duration as ended, identity,
    result_format, result_inline, result_reference, result_size, upstream, inputs, child_run, cpu,
    peak_memory, process, tags, error, history
from task_run;
