-- name: tags
-- The tags of a run, for a condition of `page`.
select value from json_each(tags)

-- name: tree
-- The ids of a run and of all runs below it, whether or not the run itself is stored.
with recursive tree (id) as (
    select :id
    union
    select flow_run.id from tree cross join flow_run on flow_run.parent_run = tree.id
)
select id from tree
