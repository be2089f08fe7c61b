-- name: histogram
-- How many of a task's calls took as long as each bucket says; `edges` is a JSON list of their lower
-- bounds, ascending; its function for elements has another name.
with edges as materialized (
    select cast(value as double precision) as edge
    from json_array_elements_text(cast(:edges as json))
),

placed as (
    select (select count(*) from edges where edge <= duration) as bucket
    from ({calls}) as call
    where executed and duration is not null
)

select bucket - 1, count(*)
from placed
group by bucket
order by bucket
