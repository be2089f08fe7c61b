-- Circuit breakers, which all processes share.

pragma user_version = 4;

-- A breaker as it is now. Calls and rules are JSON. Seen, wall, ticks and boot are the moment of the
-- last change; until and seen are times on the breaker's own axis, all other times the wall clock's.
-- The revision counts changes, so that nobody overwrites one that they have not seen.
create table breaker (
    name text primary key not null,
    state text not null,
    since integer not null,
    reason text,
    failures integer not null,
    last_failure integer,
    error text,
    calls text not null,
    rules text not null,
    generation integer not null,
    until integer,
    trial blob,
    holder blob,
    pid integer,
    started integer,
    seen integer not null,
    wall integer not null,
    ticks integer not null,
    boot text not null,
    created integer not null,
    updated integer not null,
    revision integer not null
);
