"""What an earlier process could not write is written now."""

from __future__ import annotations

from collections.abc import Iterator

from noria.backend.port import Backend
from noria.core import clock
from noria.core.records import GroupRow, TaskRunRow
from noria.journal.fold import Folder, recounted
from noria.journal.spool import remove_spool, spooled
from noria.journal.telling import tell

PAGE = 1000


def replay(backend: Backend, folder: str, process: bytes) -> None:
    """Write what processes that are gone have spooled in `folder`, and remove their files.

    Parameters:
        backend: Where it is written.
        folder: The folder of spooled records.
        process: The id of this process, which takes the files over while it writes.

    Raises:
        StoreError: The store does not take them; they stay where they are.
    """
    for spool in spooled(folder):
        if backend.lives(spool.owner, clock.now()):
            continue
        try:
            records = spool.read()
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            tell(
                f"the records in {spool.path} are not in the store, for they cannot be read "
                f"({error}). A newer version of Noria may have left them: start that one, or move "
                "the file away."
            )
            continue
        claimed = spool.claim(process)
        if claimed is None:
            continue
        batch = Folder().fold(records)
        backend.append(batch)
        runs = {row.flow_run for row in batch.task_runs}
        runs |= {row.flow_run for row in batch.groups}
        # The file holds the end of a run, its groups' sums are of the whole of it.
        groups = [group for run in sorted(runs) for group in _recount(backend, run)]
        if groups:
            backend.append(Folder().fold(groups))
        remove_spool(claimed.path)


def _recount(backend: Backend, flow_run: bytes) -> Iterator[GroupRow]:
    for group in backend.groups(flow_run):
        yield recounted(group, _task_runs(backend, group))


def _task_runs(backend: Backend, group: GroupRow) -> Iterator[TaskRunRow]:
    after: bytes | None = None
    while page := backend.task_runs(group.flow_run, group.number, after=after, limit=PAGE):
        yield from (row for row in page if row.epoch == group.epoch)
        after = page[-1].id
