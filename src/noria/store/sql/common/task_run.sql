-- name: write
-- Write task runs: an earlier execution never overwrites a later one, within one execution an
-- end stays until another end comes or another call of the same id (a flow is tried again).
insert into task_run (
    id, flow_run, epoch, group_number, parent, name, state, state_name, message, run_count, created,
    started, duration, identity, result_format, result_inline, result_reference, result_size,
    upstream, inputs, child_run, cpu, peak_memory, process, tags, error, history
)
values {rows}
on conflict (id) do update set
    flow_run = excluded.flow_run,
    epoch = excluded.epoch,
    group_number = excluded.group_number,
    parent = excluded.parent,
    name = excluded.name,
    state = excluded.state,
    state_name = excluded.state_name,
    message = excluded.message,
    run_count = excluded.run_count,
    created = excluded.created,
    started = excluded.started,
    duration = excluded.duration,
    identity = excluded.identity,
    result_format = excluded.result_format,
    result_inline = excluded.result_inline,
    result_reference = excluded.result_reference,
    result_size = excluded.result_size,
    upstream = excluded.upstream,
    inputs = excluded.inputs,
    child_run = excluded.child_run,
    cpu = excluded.cpu,
    peak_memory = excluded.peak_memory,
    process = excluded.process,
    tags = excluded.tags,
    error = excluded.error,
    history = excluded.history
where
    excluded.epoch > task_run.epoch
    or (
        excluded.epoch = task_run.epoch
        and (
            task_run.state not between 3 and 6
            or excluded.state between 3 and 6
            or excluded.created <> task_run.created
        )
    )

-- name: get
-- One task run.
select * from task_run_record where id = :id

-- name: ids
-- The ids of a page of task runs; noria.store.filters adds the conditions.
select id from task_run

-- name: page
-- The task runs of a page: the ids are found in an index first, so that sorting touches no row.
select * from task_run_record where id in ({ids}) order by id

-- name: slowest
-- The finished task runs of a flow run that took longest.
select * from task_run_record
where id in (
    select id from task_run
    where flow_run = :flow_run and started is not null and duration is not null
    order by duration desc, id
    limit :limit
)
order by ended - started desc, id

-- name: memo
-- A page of calls that carry an identity, in the order of the index by group; what is known of their
-- transactions counts when it is of their last execution.
select
    group_number, id, identity, result_format, result_inline, result_reference, result_size,
    created + started, created + coalesce(started, 0) + duration, run_count, child_run, mark,
    has_inner, values_format, values_inline, values_reference, values_size, state, name
from task_run
left join task_transaction on task_run = id and task_transaction.epoch >= task_run.epoch
where
    task_run.flow_run = :flow_run
    and (group_number, id) > (:group, :id)
    and identity is not null
order by group_number, id
limit :limit

-- name: roll_back
-- Say of a completed task run that its work was undone, and drop its result.
update task_run set
    state_name = :name, message = :message,
    result_format = null, result_inline = null, result_reference = null, result_size = null
where id = :id and epoch <= :epoch and state = :state

-- name: forget
-- Drop the kept result of a call, so that another execution of its run makes the call again.
update task_run
set result_format = null, result_inline = null, result_reference = null, result_size = null
where flow_run = :flow_run and id = :id

-- name: end_unfinished
-- Give the unfinished task runs of a flow run the state in which the flow run itself ended.
update task_run set
    state = :state, state_name = null, message = :message,
    duration = case
        when :now > created + coalesce(started, 0) then :now - created - coalesce(started, 0)
        else 0
    end
where flow_run = :flow_run and state <> 3 and state not between 3 and 6

-- name: delete
-- Delete the task runs of a flow run.
delete from task_run where flow_run = :id

-- name: delete_some
-- Delete some of the task runs of a flow run; returns where their results are.
delete from task_run where id in (select id from task_run where flow_run = :id limit :limit)
returning result_reference

-- name: references
-- Where the kept results of task runs are, when they do not stand in the store.
select result_reference from task_run where result_reference is not null

-- name: totals
-- How many task runs there are, and the bytes of their results.
select count(*), coalesce(sum(result_size), 0) from task_run
