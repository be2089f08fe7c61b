-- name: snapshot
-- See the store as it is now until the transaction ends.
begin

-- name: columns
-- The columns of all tables: table, column, place in the primary key from 1 on (0 for none), and
-- whether the store numbers the rows by it. PostgreSQL has catalogs of its own for this.
select
    m.name, c.name, c.pk,
    c.pk = 1 and upper(c.type) = 'INTEGER' and lower(m.sql) not like '%without rowid%'
from sqlite_schema as m, pragma_table_info(m.name) as c
where m.type = 'table' and m.name not like 'sqlite%'
order by m.name, c.cid
