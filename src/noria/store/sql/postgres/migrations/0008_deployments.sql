-- What is to run when, and where.

update schema_version set version = 8;

-- A flow that can be loaded, with how it is to run; spec is a JSON object.
create table deployment (
    id bytea primary key not null,
    flow_name text collate "C" not null,
    name text collate "C" not null,
    pool text collate "C" not null,
    spec text collate "C" not null,
    paused bigint not null,
    created bigint not null,
    updated bigint not null,
    unique (flow_name, name)
);

-- Where each schedule has got to: all times up to since are decided, due is the next one.
create table schedule (
    deployment bytea not null,
    slug text collate "C" not null,
    rule text collate "C" not null,
    active bigint not null,
    since bigint not null,
    due bigint,
    primary key (deployment, slug)
);

-- Whoever looks for schedules that are due looks at no others.
create index schedule_by_due on schedule (due) where due is not null and active = 1;

-- Runs that were asked for. A key makes a run of a deployment unique for ever.
create table work (
    flow_run bytea primary key not null,
    deployment bytea not null,
    schedule text collate "C",
    key text collate "C",
    pool text collate "C" not null,
    priority bigint not null,
    due bigint not null,
    worker bytea,
    crashes bigint not null
);

create unique index work_by_key on work (deployment, key) where key is not null;

create index work_by_deployment on work (deployment, flow_run);

-- What waits is found by pool in the order of its turn, whatever has been done before.
create index work_waiting on work (pool, priority desc, due, flow_run) where worker is null;

create index work_by_worker on work (worker) where worker is not null;
