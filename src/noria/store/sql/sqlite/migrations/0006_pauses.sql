-- Where runs wait for people, and what is sent to runs.

pragma user_version = 6;

-- A place where a flow run waits for a person, or has waited. It stays after its end: a run that is
-- resumed passes it without asking again.
create table pause (
    flow_run blob not null,
    key text not null,
    name text not null,
    since integer not null,
    until integer,
    wants_input integer not null,
    requested integer not null,
    fault text,
    ended integer,
    outcome text,
    note text,
    primary key (flow_run, key)
) without rowid;

-- Few wait at a time, whatever has waited before.
create index pause_open on pause (flow_run) where ended is null;

-- A JSON value that was sent to a flow run under a key. Also what a pause asks for, and the answer.
create table run_input (
    id blob primary key not null,
    flow_run blob not null,
    key text not null,
    value text not null,
    sender text,
    created integer not null
);

create unique index run_input_by_key on run_input (flow_run, key);
