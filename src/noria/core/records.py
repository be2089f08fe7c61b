"""What a run leaves behind: the rows that travel from the engine through the journal to the store.

A row is whole: writing it twice, or writing only the last of several, gives the same store. That is
what lets the journal fold the records of one run within a batch, replay a spool, and send a batch
over a wire. Times are microseconds since the epoch (UTC), ids the 16 bytes of a UUIDv7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from noria.core.states import StateType


class StoredValue(NamedTuple):
    """A kept result: inline bytes, or where the bytes are. `format` names the serializer."""

    format: str
    inline: bytes | None = None
    reference: str | None = None
    size: int = 0


class FlowRunRow(NamedTuple):
    """A flow run as it is now."""

    id: bytes
    flow_name: str
    name: str
    epoch: int
    """Which execution wrote the row: 1 at first, one more at every resume. It is the fence."""
    state: StateType
    state_name: str | None
    """None when it is the plain name of the type."""
    message: str | None
    created: int
    start: int | None
    end: int | None
    run_count: int
    process: bytes | None
    """The process that executes or last executed the run."""
    parent_run: bytes | None
    parent_task: bytes | None
    root_run: bytes
    entrypoint: str | None
    """Where the flow can be loaded from again: `path/to/file.py:name` or `module:name`."""
    version: str | None
    tags: str | None
    """JSON list."""
    parameters: str | None
    """JSON object for people: values, or previews of what JSON cannot say."""
    arguments: bytes | None
    """The call's arguments, pickled, for resume; None when they cannot be."""
    result: StoredValue | None
    error: str | None
    """JSON object: type, message, frame (user's file:line in function), traceback."""
    history: str | None
    """JSON list of [state name, time, message], oldest first; None when the times say it all."""
    settings: str | None
    """JSON object: forked_from, rerun_from, work_dir, timeout and the like."""


class TaskRunRow(NamedTuple):
    """A task run as it is now; a called sub-flow also has one, in its parent."""

    id: bytes
    flow_run: bytes
    epoch: int
    group: int
    parent: bytes | None
    """The task run that made the call; None when the flow did."""
    name: str | None
    """None when it is `{group name}-{first letters of the id}`; see `task_run_name`."""
    state: StateType
    state_name: str | None
    message: str | None
    run_count: int
    created: int
    start: int | None
    end: int | None
    identity: bytes | None
    """16 bytes that find this call again in another execution."""
    result: StoredValue | None
    upstream: str | None
    """JSON object, parameter name -> list of task run ids (hex) or `group:N`."""
    inputs: str | None
    """JSON object, parameter name -> short preview."""
    child_run: bytes | None
    """The flow run that this row stands for, when it is a sub-flow."""
    cpu: int | None
    """CPU time of the thread or process, microseconds."""
    peak_memory: int | None
    """Peak resident memory of the process at the end, KiB."""
    process: int | None
    """Pid, when it is not the flow run's own."""
    tags: str | None
    """JSON list, when the run has more than its group."""
    error: str | None
    history: str | None


class GroupRow(NamedTuple):
    """All calls of one task at one place of a flow, with sums that need no reading of the calls."""

    flow_run: bytes
    number: int
    epoch: int
    parent: int | None
    """The group whose calls make these calls; None at the top of the flow."""
    task_key: str
    name: str
    kind: str
    """One of `GroupKind`."""
    place: str
    """`file.py:12 in function`, where the call stands."""
    tags: str | None
    expected: int | None
    """How many calls there will be, when that is known (a map)."""
    counts: tuple[int, ...]
    """Runs by `GroupCount`, in its order."""
    upstream: str | None
    """JSON list of group numbers whose results these calls take."""
    first_start: int | None
    last_end: int | None
    busy: int
    """Sum of durations, microseconds."""
    longest: int
    cpu: int


class GroupKind:
    """How a group's calls were made."""

    CALL = "call"
    SUBMIT = "submit"
    MAP = "map"
    STREAM = "stream"
    FLOW = "flow"
    FALLBACK = "fallback"


class GroupCount:
    """Positions in `GroupRow.counts`."""

    PENDING = 0
    RUNNING = 1
    RETRYING = 2
    COMPLETED = 3
    CACHED = 4
    FAILED = 5
    NOT_READY = 6
    CANCELLED = 7
    CRASHED = 8
    NAMES = (
        "pending",
        "running",
        "retrying",
        "completed",
        "cached",
        "failed",
        "not_ready",
        "cancelled",
        "crashed",
    )


class LogRow(NamedTuple):
    """One line of a run's log."""

    flow_run: bytes | None
    task_run: bytes | None
    time: int
    level: int
    """As in `logging`: 10 debug ... 50 critical."""
    logger: str
    message: str
    extra: str | None
    """JSON object of the fields given with `extra=`; `exc_text` holds a traceback."""


class CacheRow(NamedTuple):
    """A result that other runs may use, by key."""

    key: str
    created: int
    expires: int | None
    value: StoredValue
    flow_run: bytes | None
    task_run: bytes | None
    task_name: str
    of_run: bool = False
    """Whether no other flow run can have this key."""


class ArtifactRow(NamedTuple):
    """Something that a run shows to people: a table, a text, a link, a progress, an image."""

    id: bytes
    key: str | None
    """What its versions have in common; None for one that stands alone."""
    kind: str | None
    """`table`, `markdown`, `progress`, `image`, or one of the user's own."""
    summary: str
    """What of it fits in one line."""
    created: int
    updated: int
    """Of two rows of one id the later one counts."""
    flow_run: bytes | None
    task_run: bytes | None
    metadata: str | None
    """JSON object of texts."""
    description: str | None
    note: str | None
    """What was left out of the data, and why."""
    format: str
    """`text` when the data is the text itself, `json` when it is the JSON of something else."""
    data: str
    version: int | None = None
    """Counts the artifacts of a key; given by the store."""


class VariableRow(NamedTuple):
    """A named value that flows and people share."""

    name: str
    value: str
    """JSON."""
    tags: str
    """JSON list."""
    created: int
    updated: int


class RunInputRow(NamedTuple):
    """Something that was sent to a flow run, or what one of its pauses asks for and was told."""

    id: bytes
    """In the order in which they were sent."""
    flow_run: bytes
    key: str
    """Names it within the run."""
    value: str
    """JSON."""
    sender: str | None
    created: int


class PauseOutcome:
    """How a pause has ended."""

    RESUMED = "resumed"
    REJECTED = "rejected"
    EXPIRED = "expired"


class PauseRow(NamedTuple):
    """A place in a flow run where it waits for a person, or has waited."""

    flow_run: bytes
    key: str
    """Names it within the run: `paused-1`. Its schema, description and response are inputs of the
    run, under this key with their names behind a dash."""
    name: str
    """The name of the state that the run waits in."""
    since: int
    until: int | None
    wants_input: bool
    requested: bool
    """Asked for from outside; the run has not stopped for it yet."""
    fault: str | None
    """Why the last answer was not accepted."""
    ended: int | None
    outcome: str | None
    """One of `PauseOutcome`; None while the run waits."""
    note: str | None
    """What was said at the end."""


class ProcessRow(NamedTuple):
    """A process that executes runs: its lease is what tells a live run from a dead one."""

    id: bytes
    host: str
    boot: str
    """Boot id of the host, so that a pid of an earlier boot is never taken for alive."""
    pid: int
    started: int
    """Start time of the pid in the host's own ticks; tells a reused pid."""
    command: str
    python: str
    created: int
    beat: int
    """When the lease was last renewed; it ends `lease` later."""
    lease: int
    ended: int | None
    verdict: str | None
    """How it ended, when somebody knows: exit code, signal."""


class SealedField(NamedTuple):
    """A field of a block, encrypted."""

    block: bytes
    version: int
    field: str
    key: str
    """The id of the key that opens it; it says nothing of the key itself."""
    box: bytes
    """What the field holds, sealed; see `noria.values.encryption`."""


class BlockRow(NamedTuple):
    """One version of a block: configuration of a type, under a name."""

    id: bytes
    slug: str
    """The type, as in `slug/name`."""
    name: str
    version: int
    """Counts the saves, from 1 on."""
    created: int
    """When the first version was saved."""
    updated: int
    """When this version was saved."""
    data: str
    """JSON object of the fields that are no secrets."""
    sealed: tuple[SealedField, ...] = ()
    """The other fields."""


class TransactionMark:
    """How far a task's transaction had come, for who resumes its run.

    Marks that say what is being done stand in the store before it is done: what was cut off there
    is finished by a resume.
    """

    STAGED = 1
    COMMITTING = 2
    COMMITTED = 3
    ROLLING_BACK = 4
    ROLLED_BACK = 5


class TransactionRow(NamedTuple):
    """A task run in a transaction."""

    task_run: bytes
    flow_run: bytes
    epoch: int
    mark: int
    """A `TransactionMark`."""
    has_inner: bool
    """Whether tasks that were called inside it have such rows of their own."""
    values: StoredValue | None
    """What was set in it."""


class LockRow(NamedTuple):
    """A lock that is held."""

    key: str
    holder: str
    process: bytes
    acquired: int
    expires: int | None


class Batch(NamedTuple):
    """What one transaction writes; within each list at most one row of an id, the newest."""

    flow_runs: list[FlowRunRow]
    task_runs: list[TaskRunRow]
    groups: list[GroupRow]
    logs: list[LogRow]
    cache: list[CacheRow]
    artifacts: list[ArtifactRow]
    transactions: Sequence[TransactionRow] = ()


class DeploymentRow(NamedTuple):
    """A deployment, with what people have decided about it since it was applied."""

    id: bytes
    flow_name: str
    name: str
    pool: str
    spec: str
    """JSON object; see `noria.core.deployments`."""
    paused: bool
    created: int
    updated: int


class ScheduleRow(NamedTuple):
    """Where a schedule of a deployment has got to."""

    deployment: bytes
    slug: str
    rule: str
    """JSON object; see `noria.core.schedules.rules`."""
    active: bool
    since: int
    """Every time up to this one is decided."""
    due: int | None
    """When it is due next; None when never again."""


class WorkRow(NamedTuple):
    """A run that was asked for and is to be executed, or was."""

    flow_run: bytes
    deployment: bytes
    schedule: str | None
    """The slug of the schedule that asked for it; None for a person or a program."""
    key: str | None
    """Asked for twice with one key, a deployment makes one run."""
    pool: str
    priority: int
    due: int
    worker: bytes | None
    """The process that has claimed it; None while it waits."""
    crashes: int
    """How often its process has died."""
    queue: str
    """A part of the pool."""
    lane: str
    """Runs of one lane count together for the limit of their deployment."""
    backfill: bytes | None
    """What asked for it, when that was neither a schedule nor a person."""
    turn: int
    """The smaller, the earlier; see `noria.core.pools.turn`."""


class BackfillRow(NamedTuple):
    """Runs of a deployment for times that have passed."""

    id: bytes
    deployment: bytes
    schedule: str | None
    """The slug of the schedule whose times they are; None for all of them."""
    first: int
    last: int
    """From and to when, both included."""
    slots: int
    """How many of them may be under way at once."""
    made: int
    """How many runs were made."""
    cancelled: int | None
    created: int


Record = FlowRunRow | TaskRunRow | GroupRow | LogRow | CacheRow | ArtifactRow | TransactionRow


def task_run_name(group_name: str, row: TaskRunRow) -> str:
    """The name people see: the given one, or the task's with the first letters of the id's tail."""
    return row.name or f"{group_name}-{row.id[-4:].hex()[:3]}"
