-- name: of_pool
-- What was said of the queues of a pool.
select pool, name, description, rank, slots, paused, created, updated from work_queue
where pool = :pool
order by rank, name

-- name: pools
-- The pools of whose queues something was said.
select distinct pool from work_queue

-- name: get
-- What was said of one queue.
select pool, name, description, rank, slots, paused, created, updated from work_queue
where pool = :pool and name = :name

-- name: set
-- Say something of a queue; when it was first spoken of stays.
insert into work_queue (pool, name, description, rank, slots, paused, created, updated)
values (:pool, :name, :description, :rank, :slots, :paused, :created, :updated)
on conflict (pool, name) do update set
    description = excluded.description,
    rank = excluded.rank,
    slots = excluded.slots,
    paused = excluded.paused,
    updated = excluded.updated

-- name: delete
-- Forget what was said of a queue.
delete from work_queue where pool = :pool and name = :name

-- name: delete_of
-- Forget what was said of all queues of a pool.
delete from work_queue where pool = :pool
