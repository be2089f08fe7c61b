-- name: all
-- What was said of pools, by name.
select name, type, description, slots, paused, created, updated from pool order by name

-- name: get
-- What was said of one pool.
select name, type, description, slots, paused, created, updated from pool where name = :name

-- name: set
-- Say something of a pool; when it was first spoken of stays.
insert into pool (name, type, description, slots, paused, created, updated)
values (:name, :type, :description, :slots, :paused, :created, :updated)
on conflict (name) do update set
    type = excluded.type,
    description = excluded.description,
    slots = excluded.slots,
    paused = excluded.paused,
    updated = excluded.updated

-- name: delete
-- Forget what was said of a pool.
delete from pool where name = :name
