-- Where runs wait for people, and what is sent to runs.

update schema_version set version = 6;

-- A place where a flow run waits for a person, or has waited. It stays after its end: a run that is
-- resumed passes it without asking again.
create table pause (
    flow_run bytea not null,
    key text collate "C" not null,
    name text collate "C" not null,
    since bigint not null,
    until bigint,
    wants_input bigint not null,
    requested bigint not null,
    fault text collate "C",
    ended bigint,
    outcome text collate "C",
    note text collate "C",
    primary key (flow_run, key)
);

-- Few wait at a time, whatever has waited before.
create index pause_open on pause (flow_run) where ended is null;

-- A JSON value that was sent to a flow run under a key. Also what a pause asks for, and the answer.
create table run_input (
    id bytea primary key not null,
    flow_run bytea not null,
    key text collate "C" not null,
    value text collate "C" not null,
    sender text collate "C",
    created bigint not null
);

create unique index run_input_by_key on run_input (flow_run, key);
