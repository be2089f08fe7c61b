-- What is to run when, and where.

pragma user_version = 8;

-- A flow that can be loaded, with how it is to run; spec is a JSON object.
create table deployment (
    id blob primary key not null,
    flow_name text not null,
    name text not null,
    pool text not null,
    spec text not null,
    paused integer not null,
    created integer not null,
    updated integer not null,
    unique (flow_name, name)
);

-- Where each schedule has got to: all times up to since are decided, due is the next one.
create table schedule (
    deployment blob not null,
    slug text not null,
    rule text not null,
    active integer not null,
    since integer not null,
    due integer,
    primary key (deployment, slug)
);

-- Whoever looks for schedules that are due looks at no others.
create index schedule_by_due on schedule (due) where due is not null and active = 1;

-- Runs that were asked for. A key makes a run of a deployment unique for ever.
create table work (
    flow_run blob primary key not null,
    deployment blob not null,
    schedule text,
    key text,
    pool text not null,
    priority integer not null,
    due integer not null,
    worker blob,
    crashes integer not null
);

create unique index work_by_key on work (deployment, key) where key is not null;

create index work_by_deployment on work (deployment, flow_run);

-- What waits is found by pool in the order of its turn, whatever has been done before.
create index work_waiting on work (pool, priority desc, due, flow_run) where worker is null;

create index work_by_worker on work (worker) where worker is not null;
