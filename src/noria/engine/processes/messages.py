"""What a pool and its processes say to one another."""

from __future__ import annotations

from typing import Any, NamedTuple

from noria.core.settings import Settings
from noria.engine.groups import Group
from noria.engine.processes.exceptions import PackedException
from noria.engine.runs import FlowRun

Alike = tuple[tuple[bytes, int], ...]
"""Base identities of calls, and how often each has been made."""


class Kind:
    """The first part of every message from a child."""

    RECORD = "record"
    """A record for the journal."""
    ASK = "ask"
    """A question; the child waits for the answer."""
    TELL = "tell"
    """News that needs no answer."""
    STARTED = "started"
    """The function has been called; sent for tasks with a deadline."""
    OUTCOME = "outcome"
    """How the task has ended."""
    BROKEN = "broken"
    """The process could not be made ready; it ends."""


class SetUp(NamedTuple):
    """What a child is told first."""

    argv: list[str]
    main_file: str | None
    scripts: frozenset[str]
    """Modules that must not be imported: the script that runs, whose code would run again."""
    settings: Settings
    log_level: int
    process: bytes
    """The id under which the flow's process is recorded."""
    runner: Any
    """The class of task runner for what the task itself submits."""
    initializer: bytes | None
    """Pickle of the initializer and its arguments."""
    secrets: list[str]
    """What the child masks in the texts that it shortens."""


class FlowFacts(NamedTuple):
    """What a child knows of the flow run that its tasks belong to."""

    run: FlowRun
    name: str
    version: str | None
    durability: str
    log_prints: bool
    resumed: bool
    """Whether earlier executions may know calls made inside the task."""


MOST_TASKS = 32
"""Tasks by value that a child keeps. Parent and child count alike, and both forget all at once."""


class TaskByName(NamedTuple):
    """A task that can be imported."""

    module: str
    qualified_name: str


class TaskByValue(NamedTuple):
    """A task that is sent itself; without its pickle when the child has it already."""

    digest: bytes
    blob: bytes | None


class Order(NamedTuple):
    """A call that a child is to make."""

    task: TaskByName | TaskByValue
    task_name: str
    arguments: bytes
    """Pickle of the parameters."""
    run_id: bytes
    run_name: str | None
    run_count: int
    created: int
    start: int | None
    parent: bytes | None
    identity: bytes | None
    run_tags: frozenset[str] | None
    log_prints: bool
    current_tags: frozenset[str]
    group: Group | int | None
    """The group, or its number when the child knows it."""
    flow_run: bytes | None
    flow: FlowFacts | None
    """None when the child knows them."""
    alike: Alike
    """How often earlier attempts have made which calls."""
    timed: bool


class Unseen(NamedTuple):
    """A task run that failed inside a task, and that nobody there looked at."""

    run_id: bytes
    name: str
    created: int
    state_type: str
    state_name: str
    message: str | None
    error: PackedException | None


class Outcome(NamedTuple):
    """How a call has ended, and what it leaves."""

    value: bytes | None
    """Pickle of what the function returned; None when it raised."""
    error: PackedException | None
    cpu: int
    """Microseconds."""
    peak_memory: int
    """KiB."""
    values: bytes | None = None
    """Pickle of what the task has set in its transaction."""
    alike: Alike = ()
    transient: tuple[bytes, ...] = ()
    reused: int = 0
    unseen: tuple[Unseen, ...] = ()
