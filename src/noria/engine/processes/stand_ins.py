"""In a child: what takes the place of session, journal, backend and flow execution.

The engine's code runs here unchanged; its records go home, and its questions are asked there.
"""

from __future__ import annotations

import marshal
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from noria.core.records import CacheRow, GroupKind, Record, TaskRunRow
from noria.engine.context import FlowRunContext
from noria.engine.execution import FlowExecution
from noria.engine.groups import Group, Place
from noria.engine.processes.home import Home
from noria.engine.processes.messages import Alike, FlowFacts, SetUp

if TYPE_CHECKING:
    from noria.backend.port import MemoEntry
    from noria.engine.opening import Session
    from noria.values.results import ResultKeeper


class RemoteJournal:
    """Sends records home."""

    def __init__(self, home: Home, flush_timeout: float) -> None:
        self._home = home
        self.flush_timeout = flush_timeout

    def append(self, record: Record) -> None:
        """Send a record; a task run is said to run in this process."""
        if isinstance(record, TaskRunRow) and record.process is None:
            record = record._replace(process=os.getpid())
        self._home.record(record)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything so far is committed."""
        return bool(self._home.ask("flush", timeout))

    def commit(self) -> None:
        """Wait until everything so far is safe."""
        self._home.ask("commit")

    def when_committed(self, fn: Callable[[], object]) -> None:
        """Call `fn` once everything so far is safe."""
        self.commit()
        fn()

    def spool_pending(self) -> None:
        """Nothing is kept here that could be lost."""


class RemoteBackend:
    """Has every call made at home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def cached(self, key: str, now: int) -> CacheRow | None:
        """An unexpired cached result, one that is not committed yet included."""
        found: CacheRow | None = self._home.ask("cached", key, now)
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args: self._home.ask("backend", name, *args)


class RemoteSession:
    """The session of a flow that runs in another process."""

    def __init__(self, home: Home, set_up: SetUp) -> None:
        self.settings = set_up.settings
        self.log_level = set_up.log_level
        self.process = set_up.process
        self.pid = os.getpid()
        self.backend = RemoteBackend(home)
        self.journal = RemoteJournal(home, set_up.settings.journal_flush_timeout)
        self.recent_cache: OrderedDict[str, CacheRow] = OrderedDict()
        self.executions: dict[bytes, FlowExecution] = {}
        self._results: ResultKeeper | None = None

    @property
    def results(self) -> ResultKeeper:
        """Keeps results; files are written from here."""
        if self._results is None:
            from noria.values.results import ResultKeeper  # noqa: PLC0415 - most tasks keep none

            self._results = ResultKeeper(self.settings)
        return self._results


class NotNow:
    """Stands for the session while something is imported or unpickled."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            "A module calls a flow or task while it is being imported in a process of "
            "ProcessPoolTaskRunner, which imports it to find a task. Put that call under "
            "`if __name__ == '__main__':`."
        )


class RemoteFlow:
    """The flow around the task; what is not known of it here is asked for."""

    isasync = False

    def __init__(self, home: Home, facts: FlowFacts) -> None:
        self._home = home
        self.name = facts.name
        self.version = facts.version
        self.durability = facts.durability
        self.log_prints = facts.log_prints

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._home.ask("flow", name)


class RemoteFlowContext(FlowRunContext):
    """The context of that flow; its parameters are fetched when somebody looks at them."""

    __slots__ = ("_home",)

    def __init__(self, home: Home, execution: RemoteExecution, log_prints: bool) -> None:
        self._home = home
        self.flow = execution.flow
        self.flow_run = execution.flow_run
        self.execution = execution
        self.log_prints = log_prints

    def __getattr__(self, name: str) -> Any:
        if name != "parameters":
            raise AttributeError(name)
        self.parameters = self.flow_run.parameters = self._home.ask("parameters")
        return self.parameters


class RemoteMemo(dict[bytes, "MemoEntry"]):
    """What earlier executions know of calls."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home

    def __bool__(self) -> bool:
        return True

    def get(self, identity: bytes, default: Any = None) -> Any:
        """The entry of a call."""
        found = self._home.ask("memo", identity)
        return default if found is None else found


class RemoteExecution(FlowExecution):
    """The execution of a flow run in another process, for the calls that its task makes here."""

    def __init__(self, home: Home, session: RemoteSession, facts: FlowFacts, runner: Any) -> None:
        memo = RemoteMemo(home) if facts.resumed else {}
        flow = RemoteFlow(home, facts)
        super().__init__(cast("Session", session), flow, facts.run, runner, memo)
        self._home = home

    def begin_task(self, alike: Alike) -> None:
        """Make ready for another task.

        Parameters:
            alike: How often earlier attempts of the same task have made which calls.
        """
        self.begin_again()
        # At home it is known what is not committed yet, and what others have renewed since.
        self.session.recent_cache.clear()
        self._alike.update(alike)
        self.transient = []
        self.unobserved = []
        self.reused = 0

    def made_calls(self) -> Alike:
        """How often the task has made which calls."""
        return tuple(self._alike.items())

    def group_of(
        self,
        key: bytes,
        task_key: str,
        name: str,
        kind: str,
        place: Place,
        parent: Group | None,
        tags: frozenset[str],
    ) -> Group:
        """The group of calls of one task at one place, as it is known at home."""
        number = None if parent is None else parent.number
        at = (key, place.code, place.instruction, kind, number)
        group = self._groups.get(at)
        if group is not None and kind != GroupKind.MAP:
            return group
        code = None if place.code is None else marshal.dumps(place.code)
        where = code, place.instruction, place.line
        asked: Group = self._home.ask(
            "group", key, task_key, name, kind, where, number, frozenset(tags)
        )
        self._groups[at] = asked
        return asked

    def group_changed(self, group: Group) -> None:
        """Say what has become known of a group."""
        self._home.tell("group", group.number, group.expected, sorted(group.upstream))

    def say_once(self, key: str, message: str) -> None:
        """A warning that is worth one line a run, whichever process has it."""
        self._home.tell("say_once", key, message)
