-- Times are microseconds since the epoch (UTC), ids the 16 bytes of a UUIDv7, states the numbers of
-- noria.core.states.STATE_CODES: 3 to 6 are terminal, 3 is Completed, 8 is Cancelling.

-- Texts are compared byte by byte, as in SQLite, whatever the collation of the database.

-- The version of this schema; where it stands, the schema is Noria's.
create table schema_version (
    version bigint not null
);

insert into schema_version (version) values (1);

-- What each process has last committed, so that the others can tell that something has changed.
-- Unlogged: it says nothing to processes that begin after a crash.
create unlogged table writer (
    id bytea primary key not null,
    mark bigint not null
);

-- How often a text has another in it, at which place first; as in SQLite.
create function instr(text, text) returns integer
language sql immutable parallel safe
as 'select strpos($1, $2)';

-- A text without difference of case, of all letters: older servers know it for lower case only.
do $$
begin
    if current_setting('server_version_num')::integer >= 180000 then
        create function casefold(text) returns text
        language sql immutable parallel safe
        as 'select pg_catalog.casefold($1 collate "pg_unicode_fast")';
    elsif current_setting('server_version_num')::integer >= 170000 then
        create function casefold(text) returns text
        language sql immutable parallel safe
        as 'select lower($1 collate "pg_c_utf8")';
    elsif exists (select from pg_collation where collname = 'und-x-icu') then
        create function casefold(text) returns text
        language sql immutable parallel safe
        as 'select lower($1 collate "und-x-icu")';
    else
        create function casefold(text) returns text
        language sql immutable parallel safe
        as 'select lower($1 collate "default")';
    end if;
end
$$;

-- A text as JSON, null when it is none. JSON may name the character of code 0, for which texts of
-- PostgreSQL have no place: it becomes the character for what cannot be shown. A function that the
-- planner could look into would fail on what is no JSON before it was asked.
do $$
begin
    if current_setting('server_version_num')::integer >= 160000 then
        create function json_of(given text) returns json
        language plpgsql immutable parallel safe
        as '
        begin
            if given is json then
                return replace(given, ''\u0000'', ''\ufffd'')::json;
            end if;
            return null;
        end
        ';
    else
        create function json_of(given text) returns json
        language plpgsql immutable
        as '
        begin
            return replace(given, ''\u0000'', ''\ufffd'')::json;
        exception
            when others then
                return null;
        end
        ';
    end if;
end
$$;

-- A process that executes runs; its lease tells a live run from a dead one.
create table process (
    id bytea primary key not null,
    host text collate "C" not null,
    boot text collate "C" not null,
    pid bigint not null,
    started bigint not null,
    command text collate "C" not null,
    python text collate "C" not null,
    created bigint not null,
    beat bigint not null,
    lease bigint not null,
    ended bigint,
    verdict text collate "C"
);

-- A flow run as it is now. What people filter by stands first, what may be large stands last.
create table flow_run (
    id bytea primary key not null,
    flow_name text collate "C" not null,
    name text collate "C" not null,
    epoch bigint not null,
    state bigint not null,
    state_name text collate "C",
    message text collate "C",
    created bigint not null,
    started bigint,
    ended bigint,
    run_count bigint not null,
    process bytea,
    parent_run bytea,
    parent_task bytea,
    root_run bytea not null,
    entrypoint text collate "C",
    version text collate "C",
    tags text collate "C",
    result_format text collate "C",
    result_reference text collate "C",
    result_size bigint,
    result_inline bytea,
    parameters text collate "C",
    arguments bytea,
    error text collate "C",
    history text collate "C",
    settings text collate "C"
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
    id bytea primary key not null,
    flow_run bytea not null,
    epoch bigint not null,
    group_number bigint not null,
    parent bytea,
    name text collate "C",
    state bigint not null,
    state_name text collate "C",
    message text collate "C",
    run_count bigint not null,
    created bigint not null,
    started bigint,
    duration bigint,
    identity bytea,
    result_format text collate "C",
    result_inline bytea,
    result_reference text collate "C",
    result_size bigint,
    upstream text collate "C",
    inputs text collate "C",
    child_run bytea,
    cpu bigint,
    peak_memory bigint,
    process bigint,
    tags text collate "C",
    error text collate "C",
    history text collate "C"
);

-- The id at its end (a table adds it) makes a page of a group one range.
create index task_run_by_group on task_run (flow_run, group_number);

-- The unfinished and the failed are few: finding them must not read the completed.
create index task_run_not_completed on task_run (flow_run, state) where state <> 3;

create index task_run_result on task_run (result_reference) where result_reference is not null;

-- All calls of one task at one place of a flow, with sums that need no reading of the calls.
create table task_group (
    flow_run bytea not null,
    number bigint not null,
    epoch bigint not null,
    parent bigint,
    task_key text collate "C" not null,
    name text collate "C" not null,
    kind text collate "C" not null,
    place text collate "C" not null,
    tags text collate "C",
    expected bigint,
    pending bigint not null,
    running bigint not null,
    retrying bigint not null,
    completed bigint not null,
    cached bigint not null,
    failed bigint not null,
    not_ready bigint not null,
    cancelled bigint not null,
    crashed bigint not null,
    upstream text collate "C",
    first_start bigint,
    last_end bigint,
    busy bigint not null,
    longest bigint not null,
    cpu bigint not null,
    primary key (flow_run, number)
);

-- One line of a run's log; the id is its position.
create table log (
    id bigint generated always as identity primary key,
    flow_run bytea,
    task_run bytea,
    time bigint not null,
    level bigint not null,
    logger text collate "C" not null,
    message text collate "C" not null,
    extra text collate "C"
);

create index log_by_run on log (flow_run) where flow_run is not null;

create index log_by_task on log (task_run) where task_run is not null;

-- A result that other runs may use, by key.
create table cache (
    key text collate "C" primary key not null,
    created bigint not null,
    expires bigint,
    result_format text collate "C" not null,
    result_inline bytea,
    result_reference text collate "C",
    result_size bigint not null,
    flow_run bytea,
    task_run bytea,
    task_name text collate "C" not null
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
