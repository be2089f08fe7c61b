-- name: add
-- Ask for a run, unless one was asked for with the same key.
insert into work (
    flow_run, deployment, schedule, key, pool, priority, due, worker, crashes, queue, lane, backfill,
    turn
)
values (
    :flow_run, :deployment, :schedule, :key, :pool, :priority, :due, :worker, :crashes, :queue, :lane,
    :backfill, :turn
)
on conflict do nothing

-- name: get
-- What was asked for by a run.
select * from work_record
where flow_run = :flow_run

-- name: by_key
-- What was asked for with a key.
select * from work_record
where deployment = :deployment and key = :key

-- name: waiting
-- What waits in a pool and is due, behind a place in the order of its turn; noria.store.filters adds
-- what is passed over.
select * from work_record
where pool = :pool and worker is null and due <= :now and (turn, flow_run) > (:turn, :after)

-- name: next_due
-- When the next of what waits in a pool is due.
select min(due) from work where pool = :pool and worker is null

-- name: waited_in
-- The pools that something waits in.
select distinct pool from work where worker is null order by pool

-- name: take
-- Claim what waits for a worker.
update work set worker = :worker where flow_run = :flow_run and worker is null

-- name: put_back
-- Let a run wait again, until it is due.
update work set worker = null, due = :due, turn = :turn, crashes = :crashes where flow_run = :flow_run

-- name: under_way
-- What was claimed and has not ended, without what has left its process to wait for a person; it is
-- found among the unfinished runs, however many have ended, and so in no order.
select work.flow_run, deployment, pool, queue, lane, backfill, tags, worker
from flow_run
cross join work
where
    flow_run.id = work.flow_run and state not between 3 and 6 and process is not null
    and worker is not null
    and (state_name is null or state_name <> :suspended)

-- name: move
-- Let what waits of a deployment wait elsewhere, and in another rank; what was asked for in a queue
-- of its own choice stays there.
update work set
    pool = :pool,
    queue = case when queue = :before then :queue else queue end,
    priority = :priority,
    turn = turn + :later
where deployment = :deployment and worker is null

-- name: shift
-- Let what waits in a queue wait in another rank.
update work set turn = turn + :later where pool = :pool and queue = :queue and worker is null

-- name: of_backfill
-- The runs of a backfill by state (crashed is 6); and whether nobody has decided about a crash yet.
select
    state,
    case when state = 6 and crashes >= 0 and worker is not null then 1 else 0 end as undecided,
    count(*)
from work
inner join flow_run on work.flow_run = flow_run.id
where backfill = :backfill
group by state, undecided

-- name: keyed
-- What a deployment was asked for with keys between two keys, both included.
select key, flow_run, name, state, state_name, started
from work
inner join flow_run on work.flow_run = flow_run.id
where deployment = :deployment and key between :low and :high

-- name: release
-- Let another run have the key of this one.
update work set key = null where flow_run = :flow_run

-- name: next_of_backfill
-- Give the next run of a backfill that is held back a turn.
update work set turn = :turn
where flow_run = (
    select flow_run from work
    where backfill = :backfill and worker is null and turn >= :held
    order by flow_run
    limit 1
)

-- name: settle_backfill
-- Take what waits of a backfill out of what waits.
update work set worker = :worker where backfill = :backfill and worker is null

-- name: in_lanes
-- What is due in a pool, was made by no backfill, and waits in lanes; noria.store.filters says which.
select * from work_record
where pool = :pool and worker is null and due <= :now and backfill is null

-- name: last_of_schedule
-- When the newest run that a schedule has made was due.
select due from work
where deployment = :deployment and schedule = :schedule and backfill is null
order by flow_run desc
limit 1

-- name: pools
-- The pools that something waits in, with how much.
select pool, queue, count(*) from work where worker is null and due <= :now group by pool, queue

-- name: unclaimed
-- What waits of a deployment.
select * from work_record
where deployment = :deployment and worker is null
order by flow_run

-- name: unclaimed_of_schedule
-- What a schedule has made and nobody has taken.
select * from work_record
where deployment = :deployment and schedule = :schedule and worker is null and backfill is null
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

-- name: delete_some
-- Forget that a run was asked for; there is one row at most.
delete from work where flow_run = :id and :limit > 0
returning null

-- name: late
-- What has waited since some time or longer, and is not called so yet; runs of a backfill wait for one
-- another.
select flow_run.id
from work
inner join flow_run on work.flow_run = flow_run.id
where
    worker is null and due <= :due and backfill is null
    and state not between 3 and 6 and (state_name is null or state_name <> :late)
order by due, flow_run.id
limit :limit

-- name: crashed
-- What was claimed and has crashed (6); whether it goes on is for its deployment to say.
select work_record.*
from flow_run
inner join work_record on flow_run.id = work_record.flow_run
where state = 6 and worker is not null and crashes >= 0
order by flow_run.id

-- name: give_up
-- Look no more at what has crashed.
update work set crashes = -1 - crashes where flow_run = :flow_run and crashes >= 0
