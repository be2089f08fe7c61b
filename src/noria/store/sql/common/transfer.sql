-- name: rows
-- All rows of a table.
select {columns} from {table} order by {order}

-- name: rows_after
-- The rows of a table that numbers them, after one of them.
select {columns} from {table} where id > :after order by {order}

-- name: put
-- Write rows as they are.
insert into {table} ({columns}) values {rows}

-- name: any
-- Whether a table has a row.
select count(*) from (select 1 from {table} limit 1) as found

-- name: newest_line
-- The position of the last log line.
select coalesce(max(id), 0) from log

-- name: blocks
-- The blocks by what they are called.
select slug, name from block

-- name: deployments
-- The deployments by what they are called.
select flow_name, name, id from deployment

-- name: work_keys
-- What deployments were asked for with keys.
select deployment, key from work where key is not null

-- name: versions
-- How many versions the artifacts of each key have.
select key, max(version) from artifact where key is not null group by key
