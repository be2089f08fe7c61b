-- name: begin
-- Take the write lock at once: a transaction that reads first could not wait for it later.
begin immediate

-- name: auto_vacuum
-- Let unused pages be given back one by one; a file that has tables takes it over when it is rebuilt.
pragma auto_vacuum = incremental

-- name: can_shrink
-- Whether unused pages can be given back one by one (2).
pragma auto_vacuum

-- name: unused
-- How many pages hold nothing.
pragma freelist_count

-- name: shrink
-- Give an unused page back, from the end of the file.
pragma incremental_vacuum (1)

-- name: log_limit
-- Cut the write-ahead log when it begins anew, should it have grown beyond this.
pragma journal_size_limit = 16777216

-- name: log_back
-- Move what is in the write-ahead log into the file, as far as nobody has to wait for it.
pragma wal_checkpoint (passive)

-- name: wal
-- Let readers and one writer work at the same time; the file remembers it.
pragma journal_mode = wal

-- name: synchronous
-- In WAL mode this survives a killed process; only a power cut can cost the last transactions.
pragma synchronous = normal

-- name: read_only
-- A connection for reading must not write by mistake.
pragma query_only = on

-- name: application
-- The mark of a file that is Noria's.
pragma application_id

-- name: version
-- The schema version of the file.
pragma user_version

-- name: tables
-- How many tables and views the file has.
select count(*) from sqlite_schema

-- name: data_version
-- A number that changes when another connection has written to the file.
pragma data_version

-- name: checkpoint
-- Move what is in the write-ahead log into the file and empty the log.
pragma wal_checkpoint (truncate)

-- name: vacuum
-- Rebuild the file without its unused pages.
vacuum
