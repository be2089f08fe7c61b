-- name: get
-- Who has a role.
select process, since from leader where role = :role

-- name: set
-- Give a role to a process.
insert into leader (role, process, since)
values (:role, :process, :since)
on conflict (role) do update set
    process = excluded.process,
    since = excluded.since

-- name: leave
-- Give up all roles of a process.
delete from leader where process = :process
