-- name: add
-- Ask for a run, unless one was asked for with the same key.
insert into work (flow_run, deployment, schedule, key, pool, priority, due, worker, crashes)
values (:flow_run, :deployment, :schedule, :key, :pool, :priority, :due, :worker, :crashes)
on conflict do nothing

-- name: get
-- What was asked for by a run.
select flow_run, deployment, schedule, key, pool, priority, due, worker, crashes from work
where flow_run = :flow_run

-- name: by_key
-- What was asked for with a key.
select flow_run, deployment, schedule, key, pool, priority, due, worker, crashes from work
where deployment = :deployment and key = :key

-- name: waiting
-- What waits in a pool and is due, in the order of its turn.
select flow_run, deployment, schedule, key, pool, priority, due, worker, crashes from work
where pool = :pool and worker is null and due <= :now
order by priority desc, due, flow_run
limit :limit

-- name: next_due
-- When the next of what waits in a pool is due.
select min(due) from work where pool = :pool and worker is null

-- name: take
-- Claim what waits for a worker.
update work set worker = :worker where flow_run = :flow_run and worker is null

-- name: put_back
-- Let a run wait again, until it is due.
update work set worker = null, due = :due, crashes = :crashes where flow_run = :flow_run

-- name: of_worker
-- What a worker has claimed.
select flow_run, deployment, schedule, key, pool, priority, due, worker, crashes from work
where worker = :worker
order by flow_run

-- name: under_way
-- The runs of a deployment that were claimed and have not ended, the oldest first.
select work.flow_run
from work
inner join flow_run on work.flow_run = flow_run.id
where work.deployment = :deployment and worker is not null and state not between 3 and 6
order by work.flow_run

-- name: unclaimed
-- What waits of a deployment.
select flow_run, deployment, schedule, key, pool, priority, due, worker, crashes from work
where deployment = :deployment and worker is null
order by flow_run

-- name: settle
-- Take what ended without having been claimed out of those that wait.
update work set worker = :worker where flow_run = :flow_run

-- name: of_deployment
-- The newest runs of a deployment.
select flow_run from work where deployment = :deployment order by flow_run desc limit :limit

-- name: delete
-- Forget that a run was asked for.
delete from work where flow_run = :id

-- name: late
-- What has waited since some time or longer.
select flow_run, deployment, schedule, key, pool, priority, due, worker, crashes from work
where worker is null and due <= :due
order by due, flow_run

-- name: crashed
-- What was claimed and has crashed (6); whether it goes on is for its deployment to say.
select
    work.flow_run, deployment, schedule, key, pool, priority, due, worker, crashes
from work
inner join flow_run on work.flow_run = flow_run.id
where worker is not null and state = 6 and crashes >= 0
order by work.flow_run

-- name: give_up
-- Look no more at what has crashed.
update work set crashes = -1 - crashes where flow_run = :flow_run and crashes >= 0
