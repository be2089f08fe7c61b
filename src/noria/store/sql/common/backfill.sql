-- name: add
-- Make a backfill.
insert into backfill (
    id, deployment, schedule, first, last, slots, made, cancelled, created
)
values (:id, :deployment, :schedule, :first, :last, :slots, :made, :cancelled, :created)

-- name: get
-- One backfill.
select id, deployment, schedule, first, last, slots, made, cancelled, created from backfill
where id = :id

-- name: slots
-- How many runs of each backfill that has any waiting may be under way.
select id, slots from backfill
where exists (select 1 from work where work.backfill = backfill.id and worker is null)

-- name: delete_old
-- Forget backfills that were made before a time and have no runs any more.
delete from backfill
where created <= :before and not exists (select 1 from work where work.backfill = backfill.id)
