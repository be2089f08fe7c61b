-- name: write
-- Append log lines.
insert into log (flow_run, task_run, time, level, logger, message, extra) values {rows}

-- name: lines
-- Log lines with their positions; noria.store.filters adds the conditions.
select id, flow_run, task_run, time, level, logger, message, extra from log

-- name: delete
-- Delete the log of a flow run.
delete from log where flow_run = :id

-- name: delete_some
-- Delete some of the log of a flow run.
delete from log
where id in (select id from log where flow_run = :id limit :limit)
returning null

-- name: totals
-- How many log lines there are.
select count(*) from log
