-- name: tags
-- The tags of a run, for a condition of `page`; its function for elements has another name.
select json_array_elements_text(json_of(tags))

-- name: tree
-- The ids of a run and of all runs below it, whether or not the run itself is stored; the planner
-- needs no cross join to begin with the few.
with recursive tree (id) as (
    select cast(:id as bytea)
    union
    select flow_run.id from tree inner join flow_run on flow_run.parent_run = tree.id
)
select id from tree
