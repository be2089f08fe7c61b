-- name: calls
-- The finished calls of a task by name; `executed` ran here, which a cached one did not.
select
    task_run.id as id,
    task_run.created + coalesce(task_run.started, 0) as began,
    case when task_run.started is not null then task_run.duration end as duration,
    (
        task_run.state in (:failed, :crashed)
        or (task_run.state = 3 and coalesce(task_run.state_name, '') <> :cached)
    ) as executed,
    task_run.state in (:failed, :crashed) as failed,
    (task_run.state = 3 and coalesce(task_run.state_name, '') = :cached) as cached
from task_group
inner join task_run
    on
        task_run.flow_run = task_group.flow_run
        and task_run.group_number = task_group.number
inner join flow_run on flow_run.id = task_group.flow_run
where
    task_group.name = :name
    and task_group.kind <> 'flow'
    and task_run.state between 3 and 6
    and (cast(:flow_name as text) is null or flow_run.flow_name = :flow_name)
    and (cast(:since as bigint) is null or task_run.created >= :since)

-- name: counts
-- How many calls of a task there were, by what became of them, and when.
select
    count(*) filter (where executed), count(*) filter (where failed), count(*) filter (where cached),
    min(began), max(began)
from ({calls}) as call

-- name: durations
-- Sums and quantiles of the durations of a task's calls; a quantile is one of the durations.
with timed as (
    select
        duration,
        row_number() over (order by duration) as place,
        count(*) over () as total
    from ({calls}) as call
    where executed and duration is not null
)

select
    count(*), avg(duration), min(duration), max(duration),
    min(case when place >= 0.5 * total then duration end),
    min(case when place >= 0.95 * total then duration end),
    min(case when place >= 0.99 * total then duration end)
from timed

-- name: halves
-- The earlier and the later half of a task's calls: how many, how many failed, the median.
with halved as (
    select
        duration,
        failed,
        ntile(2) over (order by id) as half
    from ({calls}) as call
    where executed and duration is not null
),

placed as (
    select
        half,
        failed,
        duration,
        row_number() over (partition by half order by duration) as place,
        count(*) over (partition by half) as total
    from halved
)

select count(*), count(*) filter (where failed), min(case when place >= 0.5 * total then duration end)
from placed
group by half
order by half

-- name: course
-- The mean duration of a task's calls in slices of as many calls each, from the earliest to the
-- latest.
with sliced as (
    select
        duration,
        ntile(:slices) over (order by id) as slice
    from ({calls}) as call
    where executed and duration is not null
)

select avg(duration)
from sliced
group by slice
order by slice

-- name: names
-- The names of all tasks that were called.
select distinct name
from task_group
where kind <> 'flow'
order by name
