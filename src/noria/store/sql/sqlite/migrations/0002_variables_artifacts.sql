-- What people configure by name, and what runs leave behind for people to read.

pragma user_version = 2;

-- A named value that flows and people share; value is JSON, tags a JSON list.
create table variable (
    name text primary key not null,
    value text not null,
    tags text not null,
    created integer not null,
    updated integer not null
);

-- Something a run shows to people: a table, a text, a link, a progress, an image. The version counts
-- the artifacts of one key in the order in which they were committed. What may be large stands last.
create table artifact (
    id blob primary key not null,
    key text,
    version integer,
    kind text,
    summary text not null,
    created integer not null,
    updated integer not null,
    flow_run blob,
    task_run blob,
    metadata text,
    description text,
    note text,
    format text not null,
    data text not null
);

create unique index artifact_by_key on artifact (key, version) where key is not null;

create index artifact_by_run on artifact (flow_run) where flow_run is not null;

create index artifact_by_task on artifact (task_run) where task_run is not null;

create index artifact_by_update on artifact (updated, id);
