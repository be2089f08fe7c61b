-- name: session
-- What every session of ours says of itself: our tables and functions come first; a process that was
-- stopped within a transaction loses it, since others wait for it; nobody waits for ever.
set search_path to noria, pg_catalog;
set idle_in_transaction_session_timeout = '15s';
set lock_timeout = '60s'

-- name: encoding
-- How the server keeps text.
select getdatabaseencoding()

-- name: begin_alone
-- Begin a transaction that no other of ours runs beside: what it reads stays as it is. The number is
-- that of the transaction.
begin;
select
    cast(cast(pg_current_xact_id() as text) as bigint), pg_advisory_xact_lock(1852797545, 1)

-- name: begin_together
-- Begin a transaction that others like it may run beside.
begin;
select
    cast(cast(pg_current_xact_id() as text) as bigint), pg_advisory_xact_lock_shared(1852797545, 1)

-- name: mark
-- Leave the number of the transaction, so that other processes see that something has changed.
insert into writer (id, mark) values (:id, :mark)
on conflict (id) do update set mark = excluded.mark

-- name: notify
-- Wake those who wait, once the transaction has ended.
select pg_notify('noria', '')

-- name: listen
-- Be woken.
listen noria

-- name: commit
-- End the transaction.
commit

-- name: rollback
-- Undo the transaction.
rollback

-- name: fate
-- What became of a transaction: committed, aborted, in progress, or null when nobody knows any more.
select pg_xact_status(cast(cast(:number as text) as xid8))

-- name: marks
-- A number that changes when another process has written.
select coalesce(sum(mark), 0) from writer where id <> :id

-- name: unmark
-- Forget a process that will write no more.
delete from writer where id = :id

-- name: unmark_all
-- Forget all processes; those that live leave their marks again.
delete from writer

-- name: tables
-- How many tables and views our schema has.
select count(*) from pg_class where relnamespace = to_regnamespace('noria')

-- name: has_version
-- Whether a schema has a version.
select to_regclass('noria.schema_version') is not null

-- name: version
-- The version of the schema.
select version from noria.schema_version

-- name: migrating
-- Keep others from making or changing the schema until the transaction ends.
select pg_advisory_xact_lock(1852797545, 2)

-- name: has_schema
-- Whether there is a schema for us: who may not make one can be given one.
select to_regnamespace('noria') is not null

-- name: create_schema
-- Our tables stand apart from those of other programs in one database.
create schema noria

-- name: column_types
-- The types of a table's columns.
select attname, format_type(atttypid, null)
from pg_attribute
where attrelid = to_regclass(:name) and attnum > 0 and not attisdropped

-- name: table_names
-- Our tables.
select relname from pg_class
where relnamespace = to_regnamespace('noria') and relkind = 'r'
order by relname

-- name: size
-- The bytes of our tables with their indexes.
select coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class
where relnamespace = to_regnamespace('noria') and relkind = 'r'

-- name: vacuum
-- Give back what deleted rows used, to other rows.
vacuum (analyze) {table}
