-- name: add
-- Nothing refers to a file any more.
insert into stale_result (reference, since) values (:reference, :since)
on conflict (reference) do update set since = excluded.since

-- name: page
-- Files that nothing referred to at some time or before, the oldest first.
select reference from stale_result where since <= :before order by since, reference limit :limit

-- name: is_used
-- Whether anything refers to a file.
select
    exists (select 1 from flow_run where result_reference = :reference)
    or exists (select 1 from task_run where result_reference = :reference)
    or exists (select 1 from cache where result_reference = :reference)
    or exists (select 1 from task_transaction where values_reference = :reference)

-- name: delete
-- Think no more of a file.
delete from stale_result where reference = :reference

-- name: totals
-- How many files wait to be looked at.
select count(*) from stale_result
