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

-- name: page
-- Processes that were made known before a time, behind one of them.
select
    id, host, boot, pid, started, command, python, created, beat, lease, ended, verdict
from process
where id > :after and created <= :before
order by id
limit :limit

-- name: is_needed
-- Whether anything speaks of a process.
select
    exists (select 1 from flow_run where process = :id and state not between 3 and 6)
    or exists (select 1 from flow_run where process = :id and state between 3 and 6)
    or exists (select 1 from work where worker = :id)
    or exists (select 1 from slot_ticket where process = :id)
    or exists (select 1 from key_lock where process = :id)
    or exists (select 1 from breaker where holder = :id)
    or exists (select 1 from worker where process = :id)
    or exists (select 1 from leader where process = :id)
    or exists (select 1 from owed_hook where teller = :id)

-- name: delete
-- Forget a process.
delete from process where id = :id

-- name: totals
-- How many processes are known.
select count(*) from process
