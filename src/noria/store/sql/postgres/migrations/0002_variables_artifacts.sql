-- What people configure by name, and what runs leave behind for people to read.

update schema_version set version = 2;

-- A named value that flows and people share; value is JSON, tags a JSON list.
create table variable (
    name text collate "C" primary key not null,
    value text collate "C" not null,
    tags text collate "C" not null,
    created bigint not null,
    updated bigint not null
);

-- Something a run shows to people: a table, a text, a link, a progress, an image. The version counts
-- the artifacts of one key in the order in which they were committed. What may be large stands last.
create table artifact (
    id bytea primary key not null,
    key text collate "C",
    version bigint,
    kind text collate "C",
    summary text collate "C" not null,
    created bigint not null,
    updated bigint not null,
    flow_run bytea,
    task_run bytea,
    metadata text collate "C",
    description text collate "C",
    note text collate "C",
    format text collate "C" not null,
    data text collate "C" not null
);

create unique index artifact_by_key on artifact (key, version) where key is not null;

create index artifact_by_run on artifact (flow_run) where flow_run is not null;

create index artifact_by_task on artifact (task_run) where task_run is not null;

create index artifact_by_update on artifact (updated, id);
