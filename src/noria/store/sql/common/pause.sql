-- name: save
-- Write a pause as it is now.
insert into pause (
    flow_run, key, name, since, until, wants_input, requested, fault, ended, outcome, note
)
values (
    :flow_run, :key, :name, :since, :until, :wants_input, :requested, :fault, :ended, :outcome,
    :note
)
on conflict (flow_run, key) do update set
    name = excluded.name,
    since = excluded.since,
    until = excluded.until,
    wants_input = excluded.wants_input,
    requested = excluded.requested,
    fault = excluded.fault,
    ended = excluded.ended,
    outcome = excluded.outcome,
    note = excluded.note

-- name: get
-- One pause.
select flow_run, key, name, since, until, wants_input, requested, fault, ended, outcome, note
from pause
where flow_run = :flow_run and key = :key

-- name: open
-- The pauses at which runs that have not ended (3 to 6) wait, the oldest first.
select
    pause.flow_run, key, pause.name, since, until, wants_input, requested, fault, pause.ended,
    outcome, note
from pause
inner join flow_run on flow_run.id = pause.flow_run
where pause.ended is null and flow_run.state not between 3 and 6
order by since, pause.flow_run, key

-- name: open_of
-- The pauses of one run that have not ended, the oldest first.
select flow_run, key, name, since, until, wants_input, requested, fault, ended, outcome, note
from pause
where flow_run = :flow_run and ended is null
order by since, key

-- name: requested
-- The suspensions that somebody has asked for of the runs of a process.
select
    pause.flow_run, key, pause.name, since, until, wants_input, requested, fault, pause.ended,
    outcome, note
from pause
inner join flow_run on flow_run.id = pause.flow_run
where
    pause.ended is null
    and requested = 1
    and flow_run.process = :process
    and flow_run.state not between 3 and 6
order by since, pause.flow_run, key

-- name: overdue
-- The pauses that have lasted too long, of runs that wait (7) without a process, under a name of
-- their state.
select
    pause.flow_run, key, pause.name, since, until, wants_input, requested, fault, pause.ended,
    outcome, note
from pause
inner join flow_run on flow_run.id = pause.flow_run
where
    pause.ended is null
    and until <= :now
    and flow_run.state = 7
    and flow_run.state_name = :state_name
order by until

-- name: take
-- A run stops for a suspension that somebody has asked for, and still asks for.
update pause set requested = 0
where flow_run = :flow_run and key = :key and requested = 1 and ended is null

-- name: end_requests
-- A run goes on: what was asked of its earlier execution is over.
update pause set ended = :now, outcome = :outcome
where flow_run = :flow_run and requested = 1 and ended is null

-- name: forget
-- Forget the pauses of a run since a time, so that they are made again.
delete from pause where flow_run = :flow_run and since >= :since

-- name: delete
-- Delete the pauses of a run.
delete from pause where flow_run = :id

-- name: delete_some
-- Delete some of the pauses of a flow run.
delete from pause
where flow_run = :id and key in (select key from pause where flow_run = :id limit :limit)
returning null

-- name: totals
-- How many pauses there are.
select count(*) from pause
