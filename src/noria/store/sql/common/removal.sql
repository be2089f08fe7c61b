-- name: due
-- The runs of a state that ended before a time, all below them too, the oldest first.
select id, finished from finished_tree
where state = :state and finished <= :before and coalesce(last_below, 0) <= :before
order by finished, id
limit :limit

-- name: add
-- Delete what a run recorded.
insert into removal (flow_run) values (:id) on conflict do nothing

-- name: next
-- A run that is deleted.
select flow_run from removal order by flow_run limit 1

-- name: end
-- Nothing of a run is left.
delete from removal where flow_run = :id

-- name: doomed
-- The runs that ended before a time, each state its own, and all below them.
with due (id) as (
    select id from finished_tree
    where
        (state = 3 and finished <= :completed and coalesce(last_below, 0) <= :completed)
        or (state = 4 and finished <= :failed and coalesce(last_below, 0) <= :failed)
        or (state = 5 and finished <= :cancelled and coalesce(last_below, 0) <= :cancelled)
        or (state = 6 and finished <= :crashed and coalesce(last_below, 0) <= :crashed)
)

select id from due
union all
select flow_run.id from flow_run
inner join due on flow_run.root_run = due.id
where flow_run.parent_run is not null

-- name: count
-- How much would go with them: flow runs, task runs, log lines.
with doomed (id) as ({doomed})

select
    (select count(*) from doomed),
    (select count(*) from task_run where flow_run in (select id from doomed)),
    (select count(*) from log where flow_run in (select id from doomed))

-- name: files
-- The files, with their sizes, that they refer to and that nothing else does.
with doomed (id) as ({doomed}),

file (reference, size) as (
    select result_reference, result_size from flow_run
    where id in (select id from doomed) and result_reference is not null
    union
    select result_reference, result_size from task_run
    where flow_run in (select id from doomed) and result_reference is not null
    union
    select values_reference, values_size from task_transaction
    where flow_run in (select id from doomed) and values_reference is not null
    union
    select result_reference, result_size from cache
    where of_run = 1 and flow_run in (select id from doomed) and result_reference is not null
)

select reference, size from file
where
    not exists (
        select 1 from cache
        where result_reference = reference and (of_run = 0 or flow_run not in (select id from doomed))
    )
    and not exists (
        select 1 from flow_run
        where result_reference = reference and id not in (select id from doomed)
    )
    and not exists (
        select 1 from task_run
        where result_reference = reference and flow_run not in (select id from doomed)
    )
    and not exists (
        select 1 from task_transaction
        where values_reference = reference and flow_run not in (select id from doomed)
    )
order by reference
