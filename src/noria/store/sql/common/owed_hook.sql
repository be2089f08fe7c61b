-- name: add
-- Owe a run the hooks of a state.
insert into owed_hook (flow_run, epoch, state, state_name, message, created, teller)
values (:flow_run, :epoch, :state, :state_name, :message, :created, null)
on conflict do nothing

-- name: owed
-- What is owed to runs of deployments, the oldest first.
select owed_hook.flow_run, epoch, state, state_name, message, owed_hook.created, teller, pool
from owed_hook
inner join work on owed_hook.flow_run = work.flow_run
order by owed_hook.created, owed_hook.flow_run

-- name: take
-- Say who will call the hooks.
update owed_hook set teller = :teller where flow_run = :flow_run and epoch = :epoch

-- name: done
-- Nothing is owed any more.
delete from owed_hook where flow_run = :flow_run and epoch = :epoch

-- name: delete
-- Nothing is owed to a run that is deleted.
delete from owed_hook where flow_run = :id

-- name: delete_some
-- Delete some of what is owed to a run.
delete from owed_hook
where flow_run = :id and epoch in (select epoch from owed_hook where flow_run = :id limit :limit)
returning null
