-- name: write
-- Keep results under their keys; the newer result wins.
insert into cache (
    key, created, expires, result_format, result_inline, result_reference, result_size, flow_run,
    task_run, task_name, of_run
)
values {rows}
on conflict (key) do update set
    created = excluded.created,
    expires = excluded.expires,
    result_format = excluded.result_format,
    result_inline = excluded.result_inline,
    result_reference = excluded.result_reference,
    result_size = excluded.result_size,
    flow_run = excluded.flow_run,
    task_run = excluded.task_run,
    task_name = excluded.task_name,
    of_run = excluded.of_run
where excluded.created >= cache.created

-- name: get
-- The unexpired result under a key.
select
    key, created, expires, result_format, result_inline, result_reference, result_size, flow_run,
    task_run, task_name, of_run
from cache
where key = :key and (expires is null or expires > :now)

-- name: expire
-- Drop the results whose time is over.
delete from cache where expires is not null and expires <= :now

-- name: delete_some
-- Delete some of the results that only one flow run could use; returns where they are.
delete from cache
where key in (select key from cache where flow_run = :id and of_run = 1 limit :limit)
returning result_reference

-- name: has_expired
-- Whether there are results whose time is over.
select exists (select 1 from cache where expires is not null and expires <= :now)

-- name: expire_some
-- Drop some of the results whose time is over, the oldest first; returns where they are.
delete from cache
where key in (
    select key from cache
    where expires is not null and expires <= :now
    order by expires
    limit :limit
)
returning result_reference

-- name: references
-- Where cached results are, when they do not stand in the store.
select result_reference from cache where result_reference is not null

-- name: totals
-- How many cached results there are, and their bytes.
select count(*), coalesce(sum(result_size), 0) from cache
