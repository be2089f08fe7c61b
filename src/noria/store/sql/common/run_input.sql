-- name: add
-- Send something to a run, unless it has something of that key already.
insert into run_input (id, flow_run, key, value, sender, created)
values (:id, :flow_run, :key, :value, :sender, :created)
on conflict (flow_run, key) do nothing

-- name: save
-- Send something to a run, in place of what it has of that key.
insert into run_input (id, flow_run, key, value, sender, created)
values (:id, :flow_run, :key, :value, :sender, :created)
on conflict (flow_run, key) do update set
    value = excluded.value,
    sender = excluded.sender,
    created = excluded.created

-- name: get
-- What a run has of a key.
select id, flow_run, key, value, sender, created
from run_input
where flow_run = :flow_run and key = :key

-- name: page
-- What a run was sent under keys that begin with a text, in order, after one of them.
select id, flow_run, key, value, sender, created
from run_input
where flow_run = :flow_run and substr(key, 1, length(:prefix)) = :prefix and id > :after
order by id
limit :limit

-- name: forget
-- Delete what a run has of a key.
delete from run_input where flow_run = :flow_run and key = :key

-- name: delete
-- Delete all that a run was sent.
delete from run_input where flow_run = :id

-- name: delete_some
-- Delete some of what a run was sent.
delete from run_input
where id in (select id from run_input where flow_run = :id limit :limit)
returning null

-- name: totals
-- How many there are.
select count(*) from run_input
