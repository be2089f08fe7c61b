-- name: get
-- Who holds a lock.
select key, holder, process, acquired, expires from key_lock where key = :key

-- name: take
-- Let somebody have a lock, whoever had it before.
insert into key_lock (key, holder, process, acquired, expires)
values (:key, :holder, :process, :acquired, :expires)
on conflict (key) do update set
    holder = excluded.holder,
    process = excluded.process,
    acquired = excluded.acquired,
    expires = excluded.expires

-- name: release
-- Give a lock back, if its holder does.
delete from key_lock where key = :key and holder = :holder
