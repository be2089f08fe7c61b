"""The part of the local backend that deletes; see `noria.backend.retention_port`."""

from __future__ import annotations

from collections.abc import Collection

from noria.backend.processes import is_alive
from noria.backend.retention_port import ROWS
from noria.core import clock
from noria.core.records import ProcessRow
from noria.core.retention import Removed, Rules, cutoffs
from noria.core.spans import DAY, HOUR
from noria.store import cache, pools, processes, retention
from noria.store.database import Connection, Database

RUNS = 100
"""How many runs are looked for at once; each of them costs some look-ups."""
DEAD = DAY
"""How long a process is remembered after its death, whatever speaks of it."""
AGAIN = HOUR
PROCESSES = "processes"


class LocalRetention:
    """Deleting little by little, over a store in this process."""

    _database: Database

    def retain(self, rules: Rules, now: int, limit: int = ROWS) -> Removed:
        times = cutoffs(rules, now)
        # Mostly nothing is due, and looking takes no lock.
        with self._database.read() as connection:
            if not (
                retention.is_removing(connection)
                or retention.due(connection, times, 1)
                or cache.has_expired(connection, now)
            ):
                return Removed()
        # That something old has gone is no news to anybody.
        with self._database.write(news=False) as connection:
            remover = retention.Remover(connection, limit, now)
            remover.go_on()
            due = retention.due(connection, times, RUNS) if remover.left > 0 else []
            for each in due:
                if remover.left <= 0:
                    break
                remover.begin(each.flow_run)
                remover.go_on()
            remover.expire_cache()
            removed = remover.finish()
        return removed._replace(more=removed.more or len(due) == RUNS)

    def retainable(self, rules: Rules, now: int) -> Removed:
        with self._database.read() as connection:
            return retention.count(connection, cutoffs(rules, now))

    def retainable_results(self, rules: Rules, now: int) -> list[tuple[str, int]]:
        with self._database.read() as connection:
            return retention.files(connection, cutoffs(rules, now))

    def delete_flow_run(self, flow_run: bytes) -> bool:
        with self._database.write() as connection:
            if not retention.exists(connection, flow_run):
                return False
            remover = retention.Remover(connection, ROWS, clock.now())
            remover.begin(flow_run)
            remover.go_on()
            left = remover.finish().more
        while left:
            with self._database.write(news=False) as connection:
                remover = retention.Remover(connection, ROWS, clock.now())
                remover.go_on()
                left = remover.finish().more
        return True

    def stale_results(self, before: int, limit: int = 100) -> list[str]:
        with self._database.read() as connection:
            found = retention.stale_results(connection, before, limit)
            used = {each for each in found if retention.is_used(connection, each)}
        if used:
            self.settle_stale_results(used, (), 0)
        return [each for each in found if each not in used]

    def settle_stale_results(self, gone: Collection[str], kept: Collection[str], now: int) -> None:
        if not gone and not kept:
            return
        with self._database.write(news=False) as connection:
            for reference in gone:
                retention.forget_stale_result(connection, reference)
            for reference in kept:
                retention.look_again(connection, reference, now)

    def forget_processes(self, now: int, limit: int = ROWS) -> int:
        with self._database.read() as connection:
            last = retention.upkeep(connection, PROCESSES)
            place = None if last is None else last.place
            if last is not None and place is None and 0 <= now - last.done < AGAIN:
                return 0
            page = processes.page(connection, place or b"", now - DEAD, limit)
            dead = [row.id for row in page if _died_before(row, now - DEAD, now)]
        with self._database.write(news=False) as connection:
            for process in dead:
                pools.delete_worker(connection, process)
            gone = [each for each in dead if not processes.is_needed(connection, each)]
            for process in gone:
                processes.delete(connection, process)
            retention.forget_backfills(connection, now - DEAD)
            further = page[-1].id if len(page) == limit else None
            retention.note_upkeep(connection, PROCESSES, now, further)
        return len(gone)

    def claim_upkeep(self, name: str, now: int, every: int) -> bool:
        with self._database.read() as connection:
            if not _is_due(connection, name, now, every):
                return False
        with self._database.write(news=False) as connection:
            due = _is_due(connection, name, now, every)
            if due:
                retention.note_upkeep(connection, name, now)
        return due

    def note_upkeep(self, name: str, done: int) -> None:
        with self._database.write(news=False) as connection:
            retention.note_upkeep(connection, name, done)

    def shrink(self) -> bool:
        return self._database.shrink()


def _is_due(connection: Connection, name: str, now: int, every: int) -> bool:
    last = retention.upkeep(connection, name)
    # What seems to have been done later than now was done by a clock that was wrong.
    return last is None or not 0 <= now - last.done < every


def _died_before(row: ProcessRow, before: int, now: int) -> bool:
    last = max(row.beat, row.ended or 0)
    return last + row.lease < before and not is_alive(row, now)
