-- name: write
-- Write groups; a row of an earlier execution never overwrites a later one.
insert into task_group (
    flow_run, number, epoch, parent, task_key, name, kind, place, tags, expected,
    pending, running, retrying, completed, cached, failed, not_ready, cancelled, crashed,
    upstream, first_start, last_end, busy, longest, cpu
)
values {rows}
on conflict (flow_run, number) do update set
    epoch = excluded.epoch,
    parent = excluded.parent,
    task_key = excluded.task_key,
    name = excluded.name,
    kind = excluded.kind,
    place = excluded.place,
    tags = excluded.tags,
    expected = excluded.expected,
    pending = excluded.pending,
    running = excluded.running,
    retrying = excluded.retrying,
    completed = excluded.completed,
    cached = excluded.cached,
    failed = excluded.failed,
    not_ready = excluded.not_ready,
    cancelled = excluded.cancelled,
    crashed = excluded.crashed,
    upstream = excluded.upstream,
    first_start = excluded.first_start,
    last_end = excluded.last_end,
    busy = excluded.busy,
    longest = excluded.longest,
    cpu = excluded.cpu
where excluded.epoch >= task_group.epoch

-- name: of_run
-- The groups of a run's latest execution that has any, in order of number.
select
    flow_run, number, epoch, parent, task_key, name, kind, place, tags, expected,
    pending, running, retrying, completed, cached, failed, not_ready, cancelled, crashed,
    upstream, first_start, last_end, busy, longest, cpu
from task_group
where
    flow_run = :flow_run
    and epoch = (select max(epoch) from task_group where flow_run = :flow_run)
order by number

-- name: counts
-- The task runs of a run's latest execution by count, over all groups.
select
    coalesce(sum(pending), 0), coalesce(sum(running), 0), coalesce(sum(retrying), 0),
    coalesce(sum(completed), 0), coalesce(sum(cached), 0), coalesce(sum(failed), 0),
    coalesce(sum(not_ready), 0), coalesce(sum(cancelled), 0), coalesce(sum(crashed), 0)
from task_group
where
    flow_run = :flow_run
    and epoch = (select max(epoch) from task_group where flow_run = :flow_run)

-- name: crash_unfinished
-- Count as crashed what a crashed run had not finished.
update task_group set
    crashed = crashed + pending + running + retrying, pending = 0, running = 0, retrying = 0
where flow_run = :flow_run

-- name: cancel_unfinished
-- Count as cancelled what a cancelled run had not finished.
update task_group set
    cancelled = cancelled + pending + running + retrying, pending = 0, running = 0, retrying = 0
where flow_run = :flow_run

-- name: delete
-- Delete the groups of a flow run.
delete from task_group where flow_run = :id

-- name: delete_some
-- Delete some of the groups of a flow run.
delete from task_group
where flow_run = :id and number in (select number from task_group where flow_run = :id limit :limit)
returning null

-- name: totals
-- How many groups there are.
select count(*) from task_group
