-- name: snapshot
-- See the store as it is now until the transaction ends.
begin isolation level repeatable read, read only

-- name: columns
-- The columns of all tables: table, column, place in the primary key from 1 on (0 for none), and
-- whether the store numbers the rows by it. SQLite has pragmas of its own for this.
select
    c.relname, a.attname, coalesce(array_position(i.indkey, a.attnum) + 1, 0),
    a.attidentity <> ''
from pg_class as c
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_index as i on i.indrelid = c.oid and i.indisprimary
where
    c.relnamespace = to_regnamespace('noria') and c.relkind = 'r'
    and c.relname not in ('schema_version', 'writer')
order by c.relname, a.attnum
