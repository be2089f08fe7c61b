-- name: add
-- Make a backfill.
insert into backfill (
    id, deployment, schedule, first, last, slots, made, cancelled, created
)
values (:id, :deployment, :schedule, :first, :last, :slots, :made, :cancelled, :created)

-- name: slots
-- How many runs of each backfill that has any waiting may be under way.
select id, slots from backfill
where exists (select 1 from work where work.backfill = backfill.id and worker is null)

-- name: delete_old
-- Forget backfills that were made before a time and have no runs any more.
delete from backfill
where created <= :before and not exists (select 1 from work where work.backfill = backfill.id)
-- name: by_id_range
-- Backfills whose id lies between two ids, both included.
select id, deployment, schedule, first, last, slots, made, cancelled, created from backfill
where id between :first and :last
order by id

-- name: page
-- The newest backfills, of one deployment or of all.
select id, deployment, schedule, first, last, slots, made, cancelled, created from backfill
where id < :before and deployment = coalesce(:deployment, deployment)
order by id desc
limit :limit

-- name: cancel
-- Say that what waits of a backfill was cancelled.
update backfill set cancelled = :now where id = :id
