-- name: write
-- Write flow runs: an earlier execution never overwrites a later one, within one execution a
-- terminal state stays until another terminal state comes, and a wish to cancel (8) that somebody
-- else has left stays until the run ends.
insert into flow_run (
    id, flow_name, name, epoch, state, state_name, message, created, started, ended, run_count,
    process, parent_run, parent_task, root_run, entrypoint, version, tags, parameters, arguments,
    result_format, result_inline, result_reference, result_size, error, history, settings
)
values {rows}
on conflict (id) do update set
    flow_name = excluded.flow_name,
    name = excluded.name,
    epoch = excluded.epoch,
    state = case
        when
            flow_run.state = 8 and flow_run.epoch = excluded.epoch
            and excluded.state not between 3 and 6 then flow_run.state
        else excluded.state
    end,
    state_name = case
        when
            flow_run.state = 8 and flow_run.epoch = excluded.epoch
            and excluded.state not between 3 and 6 then flow_run.state_name
        else excluded.state_name
    end,
    message = case
        when
            flow_run.state = 8 and flow_run.epoch = excluded.epoch
            and excluded.state not between 3 and 6 then flow_run.message
        else excluded.message
    end,
    history = case
        when
            flow_run.state = 8 and flow_run.epoch = excluded.epoch
            and excluded.state not between 3 and 6 then flow_run.history
        else excluded.history
    end,
    created = excluded.created,
    started = excluded.started,
    ended = excluded.ended,
    run_count = excluded.run_count,
    process = excluded.process,
    parent_run = excluded.parent_run,
    parent_task = excluded.parent_task,
    root_run = excluded.root_run,
    entrypoint = excluded.entrypoint,
    version = excluded.version,
    tags = excluded.tags,
    parameters = excluded.parameters,
    arguments = excluded.arguments,
    result_format = excluded.result_format,
    result_inline = excluded.result_inline,
    result_reference = excluded.result_reference,
    result_size = excluded.result_size,
    error = excluded.error,
    settings = excluded.settings
where
    excluded.epoch > flow_run.epoch
    or (
        excluded.epoch = flow_run.epoch
        and (flow_run.state not between 3 and 6 or excluded.state between 3 and 6)
    )

-- name: epoch
-- The execution that owns a run.
select epoch from flow_run where id = :id

-- name: executor
-- The process that has a run.
select process from flow_run where id = :id

-- name: get
-- One flow run.
select * from flow_run_record where id = :id

-- name: by_id_range
-- The newest runs whose id lies between two ids, both included.
select * from flow_run_record where id between :first and :last order by id desc limit :limit

-- name: by_name
-- The newest runs of exactly this name.
select * from flow_run_record where name = :name order by id desc limit :limit

-- name: last
-- The newest run that no other run called, or one so many before it.
select * from flow_run_record where parent_run is null order by id desc limit 1 offset :back

-- name: page
-- The flow runs of a list; noria.store.filters adds the conditions.
select * from flow_run_record

-- name: children
-- The runs that a run called, oldest first.
select * from flow_run_record where parent_run = :id order by id

-- name: of_backfill
-- Runs of a backfill; noria.store.filters says in which states.
select * from flow_run_record where id in (select flow_run from work where backfill = :backfill)

-- name: waiting_of_backfill
-- What waits of a backfill.
select * from flow_run_record
where
    state not between 3 and 6
    and id in (select flow_run from work where backfill = :backfill and worker is null)
order by id

-- name: taken_of_backfill
-- What somebody has taken of a backfill and has not ended.
select id from flow_run
where
    state not between 3 and 6
    and id in (select flow_run from work where backfill = :backfill and worker is not null)
order by id

-- name: has_children
-- Whether a run called other runs.
select exists (select 1 from flow_run where parent_run = :id)

-- name: live_processes
-- The processes that unfinished runs say they run in.
select distinct process from flow_run where state not between 3 and 6 and process is not null

-- name: live_in_process
-- The unfinished runs of a process, oldest first.
select * from flow_run_record
where state not between 3 and 6 and process = :process
order by id

-- name: asked_to_cancel
-- The runs of a process that somebody wants to cancel (8).
select id from flow_run where state not between 3 and 6 and process = :process and state = 8

-- name: delete
-- Delete one flow run.
delete from flow_run where id = :id

-- name: take_away
-- Delete one flow run; returns where its result is.
delete from flow_run where id = :id
returning result_reference

-- name: some_children
-- Some of the runs that a run called.
select id from flow_run where parent_run = :id order by id limit :limit

-- name: references
-- Where the kept results of flow runs are, when they do not stand in the store.
select result_reference from flow_run where result_reference is not null

-- name: totals
-- How many flow runs there are, and the bytes of their results.
select count(*), coalesce(sum(result_size), 0) from flow_run
