"""One small step of looking after a store: runs whose time is over, files, processes, space.

`run_once` is what a service calls in a loop. `Housekeeper` is for processes that are there for
something else: among them somebody takes a step now and then, so that a store of which no service
looks after stays small as well.
"""

from __future__ import annotations

from noria.backend.port import Backend
from noria.backend.retention_port import ROWS
from noria.core import clock
from noria.core.retention import Removed, Rules
from noria.core.spans import HOUR, MINUTE
from noria.values.results import ResultKeeper

GRACE = HOUR
"""So long nothing must have referred to a file, and nobody have written it, before it is removed:
who has just made such a result, or found it in the cache, may not have recorded that yet."""
FILES = 50
"""How many files are removed in one step."""

PAUSE_SECONDS = 0.02
"""Between two steps of somebody who takes all of them; who waits for the store looks more often."""

NAME = "retention"
EVERY = HOUR
"""How often somebody of those that are there anyway takes steps, microseconds."""
UNFINISHED = MINUTE
"""How soon somebody goes on when there was more than one had time for."""
LITTLE = 200
"""How many rows are deleted at a step by who has something else to do."""
CLOSING_SECONDS = 0.03
"""How long the end of a process may take for it."""


def run_once(
    backend: Backend,
    rules: Rules,
    results: ResultKeeper,
    now: int,
    limit: int = ROWS,
    grace: int = GRACE,
) -> Removed:
    """Take one step.

    Parameters:
        backend: The store.
        rules: How long finished runs are kept.
        results: Where result files are.
        now: Microseconds since the epoch.
        limit: How many rows to delete at most.
        grace: Microseconds for which files stay that nothing refers to any more.

    Returns:
        What has gone, and whether another step would find more.

    Raises:
        StoreError: The store or the place of the results cannot be used.
    """
    removed = backend.retain(rules, now, limit)
    if removed.more:
        return removed
    files = remove_files(backend, results, now, grace)
    processes = backend.forget_processes(now, limit)
    more = files.more or backend.shrink()
    return removed.plus(files).plus(Removed(processes=processes, more=more))


def remove_files(backend: Backend, results: ResultKeeper, now: int, grace: int = GRACE) -> Removed:
    """Remove some of the files that nothing has referred to for a while."""
    stale = backend.stale_results(now - grace, FILES)
    kept, count, freed = [], 0, 0
    for reference in stale:
        size = results.discard(reference, now - GRACE)
        if size is None:
            kept.append(reference)
        elif size:
            count, freed = count + 1, freed + size
    gone = set(stale).difference(kept)
    backend.settle_stale_results(gone, kept, now)
    # A page of which all are too young would be the same again.
    more = len(stale) == FILES and len(kept) < FILES
    return Removed(result_files=count, result_bytes=freed, more=more)


def run_all(
    backend: Backend, rules: Rules, results: ResultKeeper, now: int, grace: int = GRACE
) -> Removed:
    """Take steps until there is nothing left to do; others get their turns between two of them.

    Parameters, and what is raised: as for `run_once`.
    """
    total = run_once(backend, rules, results, now, grace=grace)
    while total.more:
        clock.pause(PAUSE_SECONDS)
        total = total.plus(run_once(backend, rules, results, now, grace=grace))
    return total


class Housekeeper:
    """Takes steps now and then, in a process that is there for something else.

    Parameters:
        backend: The store.
        rules: How long finished runs are kept.
        results: Where result files are.
    """

    def __init__(self, backend: Backend, rules: Rules, results: ResultKeeper) -> None:
        self._backend = backend
        self._rules = rules
        self._results = results
        self._looks = 0
        self._is_mine = False

    def step(self, now: int) -> bool:
        """Take a step if it is this process's turn. Returns whether it is to take another one.

        Raises:
            StoreError: The store or the place of the results cannot be used.
        """
        if not self._is_mine and not self._take_turn(now):
            return False
        # Were it to fail for ever, it would not be tried for ever.
        self._is_mine = False
        self._is_mine = run_once(self._backend, self._rules, self._results, now, limit=LITTLE).more
        return self._is_mine

    def close(self, now: int) -> None:
        """Take the steps that are due as long as the end of a process may take, and leave the
        others to the next.

        Raises:
            StoreError: The store or the place of the results cannot be used.
        """
        end = clock.monotonic() + CLOSING_SECONDS
        # A store of files elsewhere answers when it pleases.
        while self._results.is_near and self.step(now):
            if clock.monotonic() > end:
                break
        if self._is_mine:
            self._backend.note_upkeep(NAME, now - EVERY + UNFINISHED)

    def _take_turn(self, now: int) -> bool:
        if 0 <= now - self._looks < UNFINISHED:
            return False
        self._looks = now
        return self._backend.claim_upkeep(NAME, now, EVERY)
