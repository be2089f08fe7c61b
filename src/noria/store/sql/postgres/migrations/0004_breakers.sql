-- Circuit breakers, which all processes share.

update schema_version set version = 4;

-- A breaker as it is now. Calls and rules are JSON. Seen, wall, ticks and boot are the moment of the
-- last change; until and seen are times on the breaker's own axis, all other times the wall clock's.
-- The revision counts changes, so that nobody overwrites one that they have not seen.
create table breaker (
    name text collate "C" primary key not null,
    state text collate "C" not null,
    since bigint not null,
    reason text collate "C",
    failures bigint not null,
    last_failure bigint,
    error text collate "C",
    calls text collate "C" not null,
    rules text collate "C" not null,
    generation bigint not null,
    until bigint,
    trial bytea,
    holder bytea,
    pid bigint,
    started bigint,
    seen bigint not null,
    wall bigint not null,
    ticks bigint not null,
    boot text collate "C" not null,
    created bigint not null,
    updated bigint not null,
    revision bigint not null
);
