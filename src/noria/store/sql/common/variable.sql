-- name: set
-- Set a variable, unless it is there and must not be overwritten.
insert into variable (name, value, tags, created, updated)
values (:name, :value, :tags, :created, :updated)
on conflict (name) do update set
    value = excluded.value,
    tags = excluded.tags,
    updated = excluded.updated
where :overwrite
returning name, value, tags, created, updated

-- name: get
-- One variable.
select name, value, tags, created, updated from variable where name = :name

-- name: page
-- Variables by name, from a keyset on; of those whose name has a text in it, if there is one.
select name, value, tags, created, updated from variable
where name > coalesce(:after, '') and (cast(:text as text) is null or instr(name, :text) > 0)
order by name
limit :limit

-- name: delete
-- Delete a variable.
delete from variable where name = :name

-- name: totals
-- How many variables there are.
select count(*) from variable
