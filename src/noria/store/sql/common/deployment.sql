-- name: set
-- Make a deployment, or give it another specification; whether it is paused is for people to say.
insert into deployment (id, flow_name, name, pool, spec, paused, created, updated)
values (:id, :flow_name, :name, :pool, :spec, :paused, :created, :updated)
on conflict (flow_name, name) do update set
    pool = excluded.pool,
    spec = excluded.spec,
    updated = excluded.updated

-- name: get
-- One deployment by its id.
select id, flow_name, name, pool, spec, paused, created, updated from deployment where id = :id

-- name: by_name
-- One deployment by its names.
select id, flow_name, name, pool, spec, paused, created, updated from deployment
where flow_name = :flow_name and name = :name

-- name: named
-- All deployments of one name, whatever their flow.
select id, flow_name, name, pool, spec, paused, created, updated from deployment
where name = :name
order by flow_name

-- name: by_id_range
-- Deployments whose id lies between two ids, both included.
select id, flow_name, name, pool, spec, paused, created, updated from deployment
where id between :first and :last
order by id

-- name: page
-- All deployments by flow and name.
select id, flow_name, name, pool, spec, paused, created, updated from deployment
order by flow_name, name

-- name: pause
-- Stop the schedules of a deployment, or let them go on.
update deployment set paused = :paused, updated = :now where id = :id

-- name: delete
-- Delete one deployment.
delete from deployment where id = :id

-- name: totals
-- How many deployments there are.
select count(*) from deployment
