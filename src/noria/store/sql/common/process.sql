-- name: write
-- Make a process known, or renew what is known of it.
insert into process (
    id, host, boot, pid, started, command, python, created, beat, lease, ended, verdict
)
values {rows}
on conflict (id) do update set
    beat = case when process.beat > excluded.beat then process.beat else excluded.beat end,
    lease = excluded.lease,
    ended = excluded.ended,
    verdict = excluded.verdict

-- name: get
-- One process.
select
    id, host, boot, pid, started, command, python, created, beat, lease, ended, verdict
from process
where id = :id

-- name: beat
-- Renew a process's lease; a late beat never shortens it.
update process set beat = case when beat > :now then beat else :now end where id = :id

-- name: end
-- Note that a process has ended, and how when somebody knows; the first verdict stays.
update process set ended = coalesce(ended, :now), verdict = coalesce(verdict, :verdict)
where id = :id

-- name: totals
-- How many processes are known.
select count(*) from process
