-- name: get
-- One circuit breaker.
select
    name, state, since, reason, failures, last_failure, error, calls, rules, generation, until,
    trial, holder, pid, started, seen, wall, ticks, boot, created, updated, revision
from breaker
where name = :name

-- name: page
-- Circuit breakers by name, from a keyset on.
select
    name, state, since, reason, failures, last_failure, error, calls, rules, generation, until,
    trial, holder, pid, started, seen, wall, ticks, boot, created, updated, revision
from breaker
where name > coalesce(:after, '')
order by name
limit :limit

-- name: create
-- A circuit breaker that is new, unless somebody else was quicker.
insert into breaker (
    name, state, since, reason, failures, last_failure, error, calls, rules, generation, until,
    trial, holder, pid, started, seen, wall, ticks, boot, created, updated, revision
)
values (
    :name, :state, :since, :reason, :failures, :last_failure, :error, :calls, :rules, :generation,
    :until, :trial, :holder, :pid, :started, :seen, :wall, :ticks, :boot, :created, :updated,
    :revision
)
on conflict (name) do nothing

-- name: advance
-- A circuit breaker as its next event has left it, unless somebody else was quicker.
update breaker
set
    state = :state,
    since = :since,
    reason = :reason,
    failures = :failures,
    last_failure = :last_failure,
    error = :error,
    calls = :calls,
    rules = :rules,
    generation = :generation,
    until = :until,
    trial = :trial,
    holder = :holder,
    pid = :pid,
    started = :started,
    seen = :seen,
    wall = :wall,
    ticks = :ticks,
    boot = :boot,
    updated = :updated,
    revision = :revision
where name = :name and revision = :revision - 1

-- name: totals
-- How many circuit breakers there are.
select count(*) from breaker
