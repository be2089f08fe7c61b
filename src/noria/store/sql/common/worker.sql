-- name: set
-- Say that a process takes runs.
insert into worker (process, name, pools, slots, created)
values (:process, :name, :pools, :slots, :created)
on conflict (process) do update set
    name = excluded.name,
    pools = excluded.pools,
    slots = excluded.slots

-- name: all
-- The processes that take runs, or took them, the oldest first.
select process, name, pools, slots, created from worker order by created, process

-- name: delete
-- Forget that a process took runs.
delete from worker where process = :process
