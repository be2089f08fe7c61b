"""What the engine, the journal and the command line ask of whatever keeps the records.

`noria.backend.local` answers from a store in this process. Everything is synchronous; a caller on
an event loop decides for itself whether to leave the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from noria.backend.backfills_port import Backfills
from noria.backend.deployments_port import Deployments
from noria.backend.pools_port import Pools
from noria.backend.retention_port import Retention
from noria.core.breakers import Answer, BreakerRow, Event, Moment, Rules
from noria.core.conditions import Condition
from noria.core.records import (
    ArtifactRow,
    Batch,
    BlockRow,
    CacheRow,
    FlowRunRow,
    GroupRow,
    LockRow,
    LogRow,
    PauseRow,
    ProcessRow,
    RunInputRow,
    SealedField,
    StoredValue,
    TaskRunRow,
    VariableRow,
)
from noria.core.states import StateType
from noria.core.task_stats import TaskStats

if TYPE_CHECKING:
    # Of no use to a run that is not limited.
    from noria.core.slots import Acquired, LimitRow, LimitUse, TicketRow


class MemoEntry(NamedTuple):
    """A call of an earlier execution, as resume finds it by identity."""

    task_run: bytes
    result: StoredValue | None
    start: int | None
    end: int | None
    run_count: int
    child_run: bytes | None
    state: StateType
    name: str | None
    transaction: tuple[int, bool, StoredValue | None] | None = None
    """How far its transaction had come (a `TransactionMark`), whether tasks inside it had one too,
    and what was set in it."""


class CrashVerdict(NamedTuple):
    """A flow run that was found without a living process and marked Crashed."""

    flow_run: bytes
    name: str
    message: str


class RunFilter(NamedTuple):
    """Which flow runs to list; None does not restrict. Newest first."""

    states: Sequence[StateType] | None = None
    flow_name: str | None = None
    name: str | None = None
    """Part of the run's name, in any case."""
    tags: Sequence[str] | None = None
    """Tags that a run must have, all of them."""
    since: int | None = None
    """Runs created then or later."""
    top_level: bool = True
    """Only runs that no other run called."""
    limit: int = 20
    before: bytes | None = None
    """Keyset: runs older than this id."""


class RunSummary(NamedTuple):
    """One line of a run list: the run and its tasks by `GroupCount`."""

    run: FlowRunRow
    counts: tuple[int, ...]


class ArtifactFilter(NamedTuple):
    """Which artifacts to list; None does not restrict. The last updated first."""

    key: str | None = None
    version: int | None = None
    kind: str | None = None
    flow_run: bytes | None = None
    task_run: bytes | None = None
    latest: bool = False
    """Only the newest version of each key."""
    limit: int = 100
    offset: int = 0


class StoreInfo(NamedTuple):
    """What `noria db info` prints."""

    location: str
    schema: int
    size: int
    rows: dict[str, int]
    results_size: int


class Slots(Protocol):
    """The part of the port that is about concurrency limits."""

    def limits(self, name: str | None = None) -> list[LimitUse]:
        """Limits by name with what is under way below them: all, or the one of this name."""

    def set_limit(self, row: LimitRow, now: int) -> LimitRow:
        """Make a limit or change it, and return it as it is now; slots that this frees go to who
        waits for them."""

    def delete_limit(self, name: str, now: int) -> bool:
        """Delete a limit; False when there is none. Who waits for it alone gets its slots."""

    def limited_tags(self) -> frozenset[str]:
        """The tags that active limits hold for; kept until `change_counter` changes."""

    def acquire_slots(self, ticket: TicketRow, now: int) -> Acquired:
        """Put a ticket in line, and grant it if it is its turn; nothing is kept when none of its
        limits exists. Raises `ConcurrencySlotAcquisitionError` when it can never be granted."""

    def granted_slots(self, process: bytes, pid: int) -> list[bytes]:
        """The granted tickets of a process."""

    def slots_of(self, process: bytes, pid: int) -> list[bytes]:
        """The tickets of a process, granted or not; those that became impossible are none."""

    def withdraw_slots(self, ticket: bytes, now: int) -> bool:
        """Leave the line; True when the ticket was granted before, and then it stays so."""

    def release_slots(self, ticket: bytes, now: int) -> bool:
        """Give a ticket back, granted or not, and serve who is next; False when there is none."""

    def settle_slots(self, now: int) -> int | None:
        """Take back the tickets of dead processes and serve whom time has made room for. Returns
        when to look again, for limits that decay."""

    def slot_tickets(self, name: str | None = None) -> list[TicketRow]:
        """Tickets in order of arrival: all, or those of a limit."""

    def slots_stamp(self) -> tuple[int, int]:
        """Changes when anybody, this process included, may have freed or granted slots."""


class Backend(Slots, Deployments, Pools, Backfills, Retention, Protocol):
    """The port. A method that does not find what it is asked for returns None."""

    def append(self, batch: Batch) -> list[bytes]:
        """Write a batch in one transaction. Returns the flow runs whose rows were refused because
        a later execution owns them."""

    def register_process(self, row: ProcessRow) -> None:
        """Make a process known before its first run."""

    def beat(self, process: bytes, now: int) -> list[bytes]:
        """Renew a process's lease. Returns its flow runs that were asked to cancel."""

    def end_process(self, process: bytes, now: int, verdict: str | None) -> None:
        """Say that a process has ended and how."""

    def process(self, process: bytes) -> ProcessRow | None:
        """What is known of a process."""

    def lives(self, process: bytes, now: int) -> bool:
        """Whether a process is known and lives."""

    def reap(self, now: int) -> list[CrashVerdict]:
        """Mark runs whose process is gone (dead pid on this host, ended lease elsewhere) Crashed,
        or Cancelled when that was asked for, with their unfinished task runs and group counts; and
        those Failed that were suspended and not resumed in time."""

    def begin_execution(self, flow_run: bytes, process: bytes, now: int) -> FlowRunRow | None:
        """Take an existing run for another execution: its epoch grows by one, which fences the
        earlier executor. None when there is no such run or a living process executes it."""

    def taken_over(self, epochs: Mapping[bytes, int]) -> list[bytes]:
        """Of some runs, with the execution that somebody believes in, those that another execution
        has taken over since."""

    def request_cancel(
        self, flow_run: bytes, now: int, reason: str = "cancellation was requested"
    ) -> FlowRunRow | None:
        """Ask for cancellation: Cancelling if it runs somewhere, else Cancelled at once, with the
        runs below it. Returns the row as it is afterwards; a finished run stays as it is."""

    def begin_pause(self, row: PauseRow, asked: Sequence[RunInputRow]) -> PauseRow:
        """Have a run wait at a pause for what is `asked`. Returns the pause as it is: one of the
        key that was resumed before stays so, unless `row` says what was wrong with the answer."""

    def end_pause(
        self,
        flow_run: bytes,
        key: str,
        outcome: str,
        now: int,
        note: str | None = None,
        answer: RunInputRow | None = None,
    ) -> PauseRow | None:
        """End a pause with one of `PauseOutcome`; one that is resumed too late has expired, and its
        run has failed if it was suspended. None when there is none, or it has ended before."""

    def pause(self, flow_run: bytes, key: str) -> PauseRow | None:
        """One pause of a run."""

    def open_pauses(self, flow_run: bytes | None = None) -> list[PauseRow]:
        """The pauses that have not ended, the oldest first: of a run and those below it, or of all
        runs that have not ended."""

    def forget_pauses(self, flow_run: bytes, since: int) -> None:
        """Forget the pauses since then of a run and those below it: they will be made again."""

    def asked_suspensions(self, process: bytes) -> list[PauseRow]:
        """The suspensions that were asked for, from outside, of the runs of a process."""

    def take_suspension(self, flow_run: bytes, key: str) -> bool:
        """Say that a run stops for such a suspension; False when nobody asks for it any more."""

    def run_input(self, flow_run: bytes, key: str) -> RunInputRow | None:
        """What a run was sent under a key."""

    def run_inputs(
        self, flow_run: bytes, prefix: str, after: bytes = b"", limit: int = 1000
    ) -> list[RunInputRow]:
        """What a run was sent under keys that begin with `prefix`, by id, from keyset on."""

    def send_run_input(self, row: RunInputRow, overwrite: bool = False) -> bool:
        """Send something to a run; False when it has something of that key that is to stay."""

    def delete_run_input(self, flow_run: bytes, key: str) -> bool:
        """Delete what a run was sent under a key; False when there is nothing."""

    def flow_run(self, flow_run: bytes) -> FlowRunRow | None:
        """One flow run."""

    def find_flow_runs(self, reference: str) -> list[FlowRunRow]:
        """Runs that `reference` may name: a full id or beginning of one, a name, or `@last`."""

    def flow_runs(self, where: RunFilter) -> list[RunSummary]:
        """A page of runs, newest first."""

    def children(self, flow_run: bytes) -> list[FlowRunRow]:
        """The runs that this run called, oldest first."""

    def groups(self, flow_run: bytes) -> list[GroupRow]:
        """The groups of a run in order of number, of its latest execution."""

    def task_run(self, task_run: bytes) -> TaskRunRow | None:
        """One task run."""

    def task_runs(
        self,
        flow_run: bytes,
        group: int | None = None,
        states: Sequence[StateType] | None = None,
        after: bytes | None = None,
        limit: int = 1000,
    ) -> list[TaskRunRow]:
        """Task runs by id (so by time), from keyset `after` on."""

    def slowest_tasks(self, flow_run: bytes, limit: int) -> list[TaskRunRow]:
        """The finished task runs that took longest."""

    def memo(self, flow_run: bytes) -> Iterator[tuple[bytes, MemoEntry]]:
        """Every call of a run that carries an identity: the completed ones with their results, the
        others with their ids, which they keep when they are made again."""

    def forget(self, flow_run: bytes, task_runs: Sequence[bytes]) -> None:
        """Drop the kept results of the given calls, so that they are made again."""

    def task_stats(
        self, name: str, flow_name: str | None = None, since: int | None = None, slices: int = 40
    ) -> TaskStats | None:
        """Statistics over the finished calls of a task by its name, in all runs or those of one
        flow, created since then."""

    def task_names(self) -> list[str]:
        """The names of all tasks that were called."""

    def logs(
        self,
        flow_run: bytes,
        task_run: bytes | None = None,
        level: int = 0,
        text: str | None = None,
        after: int = 0,
        limit: int = 1000,
        where: Sequence[Condition] = (),
    ) -> list[tuple[int, LogRow]]:
        """Log lines in order of writing, each with its position for the next page; with the lines
        of the runs below this one. Their fields meet all conditions in `where`."""

    def cached(self, key: str, now: int) -> CacheRow | None:
        """An unexpired cached result."""

    def artifact(self, artifact: bytes) -> ArtifactRow | None:
        """One artifact with its data."""

    def artifacts(self, where: ArtifactFilter) -> list[ArtifactRow]:
        """A page of artifacts, the last updated first; their data is left out."""

    def find_artifacts(self, reference: str) -> list[ArtifactRow]:
        """Artifacts that `reference` may name: a key (its newest version), a full id or beginning
        of one; their data is left out."""

    def variable(self, name: str) -> VariableRow | None:
        """One variable."""

    def variables(
        self, text: str | None = None, after: str | None = None, limit: int = 1000
    ) -> list[VariableRow]:
        """Variables by name, from keyset `after` on; only those with `text` in their names."""

    def set_variable(self, row: VariableRow, overwrite: bool) -> VariableRow | None:
        """Set a variable and return it as it is now; None when there is one that must not be
        overwritten."""

    def unset_variable(self, name: str) -> bool:
        """Delete a variable; False when there is none."""

    def block(self, slug: str, name: str, version: int | None = None) -> BlockRow | None:
        """A block of a type by its name, in its newest version or the one asked for."""

    def block_by_id(self, block: bytes, version: int | None = None) -> BlockRow | None:
        """As above, by id."""

    def blocks(
        self, slug: str | None = None, after: tuple[str, str] | None = None, limit: int = 1000
    ) -> list[BlockRow]:
        """Blocks in their newest versions, by type and name, from keyset `after` on."""

    def block_versions(self, block: bytes) -> list[BlockRow]:
        """All versions of a block, the oldest first."""

    def save_block(self, row: BlockRow) -> bool:
        """Save a version of a block: 1 makes it, any other follows the newest. False when another
        was saved under its number or name; raises `RetiredKey` when a field's key was given up."""

    def delete_block(self, block: bytes) -> bool:
        """Delete a block with all its versions; False when there is none."""

    def sealed_fields(self) -> list[SealedField]:
        """Everything that is encrypted, in one order."""

    def sealing_keys(self) -> list[str]:
        """The ids of the keys that encrypt something."""

    def reseal(self, before: Sequence[SealedField], after: Sequence[SealedField]) -> bool:
        """Put `after` in place of everything that is encrypted, in one transaction, and give up
        the keys that nothing needs any more; False when `before` is no longer what there is."""

    def breaker(self, name: str) -> BreakerRow | None:
        """One circuit breaker."""

    def breakers(self, after: str | None = None, limit: int = 1000) -> list[BreakerRow]:
        """Circuit breakers by name, from keyset `after` on."""

    def change_breaker(
        self, name: str, event: Event, moment: Moment, rules: Rules | None = None
    ) -> Answer | None:
        """Take one step of a circuit breaker, which no other step can come between. One that is not
        there is made by `rules`; None when there is none and no rules."""

    def lock(self, key: str, now: int) -> LockRow | None:
        """Who holds a lock; one whose process has died, or whose time is over, holds nothing."""

    def acquire_lock(self, row: LockRow) -> bool:
        """Take a lock, unless another holds it."""

    def release_lock(self, key: str, holder: str) -> bool:
        """Give a lock back; False when another holds it, or nobody."""

    def delete_flow_run(self, flow_run: bytes) -> bool:
        """Delete a run with all below it; False when there is none."""

    def referenced_results(self) -> set[str]:
        """The references of all kept results, so that the others can be collected."""

    def expire_cache(self, now: int) -> int:
        """Drop expired cache rows; returns how many."""

    def info(self) -> StoreInfo:
        """Where the store is and how big."""

    def vacuum(self) -> None:
        """Give unused space back to the disk."""

    def change_counter(self) -> int:
        """A number that changes when another process has written: a cheap wake-up test."""

    def wait_for_change(self, counter: int, seconds: float) -> int:
        """Wait until the change counter is no longer `counter`, so many seconds at most; returns
        the counter. Who reads it first, looks, and then waits misses nothing."""

    def close(self) -> None:
        """Release the connections."""
