-- name: set_limit
-- Make a limit, or change the one that is there.
insert into slot_limit (name, slots, active, decay, created, updated)
values (:name, :slots, :active, :decay, :created, :updated)
on conflict (name) do update set
    slots = excluded.slots,
    active = excluded.active,
    decay = excluded.decay,
    updated = excluded.updated
returning name, slots, active, decay, created, updated

-- name: limit
-- One limit.
select name, slots, active, decay, created, updated from slot_limit where name = :name

-- name: limits
-- Limits by name with the slots held, the tickets waiting and the keys in use; all, or one.
select
    limits.name, limits.slots, limits.active, limits.decay, limits.created, limits.updated,
    coalesce(sum(case when claim.held = 1 then claim.occupy else 0 end), 0),
    coalesce(sum(case when claim.held = 0 then 1 else 0 end), 0),
    count(distinct nullif(claim.key, ''))
from slot_limit as limits
left join slot_claim as claim on claim.name = limits.name
where limits.name = coalesce(:name, limits.name)
group by
    limits.name, limits.slots, limits.active, limits.decay, limits.created, limits.updated
order by limits.name

-- name: delete_limit
-- Delete a limit.
delete from slot_limit where name = :name

-- name: limited
-- The names of active limits that begin with a prefix.
select name from slot_limit
where active = 1 and substr(name, 1, :length) = :prefix

-- name: next_number
-- The place at the end of the line.
select coalesce(max(number), 0) + 1 from slot_ticket

-- name: add_ticket
-- Put a ticket at the end of the line.
insert into slot_ticket (
    id, number, process, pid, started, occupy, rate, nested, holder, arrived, granted
)
values (
    :id, :number, :process, :pid, :started, :occupy, :rate, :nested, :holder, :arrived, null
)

-- name: add_claim
-- What a ticket asks of one pool.
insert into slot_claim (name, key, held, number, occupy)
values (:name, :key, 0, :number, :occupy)

-- name: ticket
-- One ticket by its id.
select
    id, process, pid, started, occupy, rate, nested, holder, arrived, granted, number
from slot_ticket
where id = :id

-- name: ticket_by_number
-- One ticket by its place.
select
    id, process, pid, started, occupy, rate, nested, holder, arrived, granted, number
from slot_ticket
where number = :number

-- name: claims
-- The pools that a ticket claims.
select name, key from slot_claim where number = :number order by name, key

-- name: line
-- The next tickets that wait in a pool, from a keyset on.
select number from slot_claim
where name = :name and key = :key and held = 0 and number > :after
order by number
limit :limit

-- name: stands_before
-- Whether a ticket waits in a pool before another.
select exists (
    select 1 from slot_claim
    where name = :name and key = :key and held = 0 and number < :number
)

-- name: nested_waiting
-- The tickets that wait and were drawn by who holds slots already.
select number from slot_ticket where nested = 1 and granted is null order by number

-- name: waiting_pools
-- The pools that somebody waits for.
select distinct name, key from slot_claim where held = 0

-- name: pools_of_limit
-- The pools of a limit that somebody waits for.
select distinct name, key from slot_claim where held = 0 and name = :name

-- name: used
-- How many slots of a pool are held.
select coalesce(sum(occupy), 0) from slot_claim where name = :name and key = :key and held = 1

-- name: drained
-- When all slots taken of a pool will have decayed.
select drained from slot_level where name = :name and key = :key

-- name: drained_pools
-- When all slots taken of the pools of a limit will have decayed.
select key, drained from slot_level where name = :name

-- name: set_drained
-- Note when all slots taken of a pool will have decayed.
insert into slot_level (name, key, drained) values (:name, :key, :drained)
on conflict (name, key) do update set drained = excluded.drained

-- name: forget_drained
-- Pools without a slot that has still to decay need not be remembered.
delete from slot_level where drained <= :now

-- name: grant_ticket
-- The ticket has its slots.
update slot_ticket set granted = :now where number = :number

-- name: grant_claims
-- The slots count as held.
update slot_claim set held = 1 where number = :number

-- name: delete_ticket
-- The ticket is given back.
delete from slot_ticket where number = :number

-- name: delete_claims
-- Its slots are free again.
delete from slot_claim where number = :number

-- name: granted
-- The tickets of a process that have their slots.
select id from slot_ticket where process = :process and pid = :pid and granted is not null

-- name: owners
-- The processes that tickets belong to.
select distinct process, pid, started from slot_ticket

-- name: tickets_of_owner
-- The tickets of one of them.
select id from slot_ticket where process = :process and pid = :pid and started = :started

-- name: of_process
-- The tickets that a process answers for; with a pid only those that this one holds.
select id from slot_ticket where process = :process and pid = coalesce(:pid, pid)

-- name: tickets
-- Tickets in order of arrival: all, or those of a limit.
select
    id, process, pid, started, occupy, rate, nested, holder, arrived, granted, number
from slot_ticket
where number in (select number from slot_claim where name = coalesce(:name, name))
order by number

-- name: totals
-- How many limits there are.
select count(*) from slot_limit
