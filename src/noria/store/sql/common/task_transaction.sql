-- name: write
-- Write how far transactions of tasks have come; an earlier execution never overwrites a later one.
insert into task_transaction (
    task_run, flow_run, epoch, mark, has_inner, values_format, values_inline, values_reference,
    values_size
)
values {rows}
on conflict (task_run) do update set
    flow_run = excluded.flow_run,
    epoch = excluded.epoch,
    mark = excluded.mark,
    has_inner = excluded.has_inner,
    values_format = excluded.values_format,
    values_inline = excluded.values_inline,
    values_reference = excluded.values_reference,
    values_size = excluded.values_size
where excluded.epoch >= task_transaction.epoch

-- name: references
-- Where values of transactions are, when they do not stand in the store.
select values_reference from task_transaction where values_reference is not null

-- name: delete
-- Delete what a flow run has left of transactions.
delete from task_transaction where flow_run = :id

-- name: delete_some
-- Delete some of what a flow run has left of transactions; returns where values are.
delete from task_transaction
where task_run in (select task_run from task_transaction where flow_run = :id limit :limit)
returning values_reference
