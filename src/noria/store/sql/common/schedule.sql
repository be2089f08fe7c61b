-- name: set
-- Make a schedule, or put another in its place.
insert into schedule (deployment, slug, rule, active, since, due)
values (:deployment, :slug, :rule, :active, :since, :due)
on conflict (deployment, slug) do update set
    rule = excluded.rule,
    active = excluded.active,
    since = excluded.since,
    due = excluded.due

-- name: of_deployment
-- The schedules of a deployment.
select deployment, slug, rule, active, since, due from schedule
where deployment = :deployment
order by slug

-- name: due
-- The schedules that are due, of deployments that are not paused.
select schedule.deployment, slug, rule, active, since, due
from schedule
inner join deployment on schedule.deployment = deployment.id
where due <= :now and active = 1 and paused = 0
order by due, slug

-- name: next_due
-- When the next of all schedules is due.
select min(due)
from schedule
inner join deployment on schedule.deployment = deployment.id
where due is not null and active = 1 and paused = 0

-- name: delete
-- Delete a schedule.
delete from schedule where deployment = :deployment and slug = :slug

-- name: delete_of
-- Delete all schedules of a deployment.
delete from schedule where deployment = :deployment
