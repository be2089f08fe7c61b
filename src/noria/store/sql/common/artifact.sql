-- name: write
-- Write artifacts, each as a whole. A new one of a key gets that key's next version; one that is
-- there keeps its own, and what is newer stays.
with given (
    id, key, kind, summary, created, updated, flow_run, task_run, metadata, description, note,
    format, data
) as (
    values {rows}
)
insert into artifact (
    id, key, kind, summary, created, updated, flow_run, task_run, metadata, description, note,
    format, data, version
)
select
    given.id, given.key, given.kind, given.summary, given.created, given.updated, given.flow_run, given.task_run,
    given.metadata, given.description, given.note, given.format, given.data,
    case
        when given.key is null or given.id in (select id from artifact) then null
        else
            (select coalesce(max(other.version), 0) from artifact as other where other.key = given.key)
            + row_number() over (
                partition by given.key, given.id in (select id from artifact) order by given.id
            )
    end
from given
where true
on conflict (id) do update set
    kind = excluded.kind,
    summary = excluded.summary,
    updated = excluded.updated,
    metadata = excluded.metadata,
    description = excluded.description,
    note = excluded.note,
    format = excluded.format,
    data = excluded.data
where excluded.updated >= artifact.updated

-- name: get
-- One artifact.
select
    id, key, kind, summary, created, updated, flow_run, task_run, metadata, description, note,
    format, data, version
from artifact
where id = :id

-- name: page
-- Artifacts without their data; noria.store.filters adds the conditions.
select
    id, key, kind, summary, created, updated, flow_run, task_run, metadata, description, note,
    format, '', version
from artifact

-- name: by_id_range
-- Artifacts without their data whose id lies between two ids, both included.
select
    id, key, kind, summary, created, updated, flow_run, task_run, metadata, description, note,
    format, '', version
from artifact
where id between :first and :last
order by id desc
limit :limit

-- name: latest
-- The newest artifact of each key, for a condition of `page`.
select id from artifact
where (key, version) in (select key, max(version) from artifact where key is not null group by key)

-- name: delete
-- Delete the artifacts of a flow run.
delete from artifact where flow_run = :id

-- name: delete_some
-- Delete some of the artifacts of a flow run.
delete from artifact
where id in (select id from artifact where flow_run = :id limit :limit)
returning null

-- name: totals
-- How many artifacts there are.
select count(*) from artifact
