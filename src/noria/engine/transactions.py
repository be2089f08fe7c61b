"""Transactions: what is done in one is kept together, or undone together.

Everything that may wait is a program (see `noria.engine.effects`), so that blocks and tasks, sync
and async, share one meaning. A task's transaction is made only when somebody needs it.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import Token
from typing import TYPE_CHECKING, Any, NoReturn, Self

from noria.core.annotations import NotSet
from noria.core.errors import Pause, SerializationError
from noria.core.ids import new_id
from noria.core.outcomes import describe_exception
from noria.core.records import TransactionMark
from noria.core.transactions import CommitMode, IsolationLevel, TransactionState
from noria.engine.context import FlowRunContext, TaskRunContext, flow_context, transaction_context
from noria.engine.drivers import adrive, drive
from noria.engine.effects import Ask, Commit, Effect, Hook, Wait
from noria.engine.session import open_session

if TYPE_CHECKING:
    from noria.engine.runs import TaskRun
    from noria.engine.transaction_marks import Marker

HookFn = Callable[[Any], Any]
Steps = Generator[Effect, Any, bool]

_OVER = (TransactionState.COMMITTED, TransactionState.ROLLED_BACK)
_INFO, _WARNING, _ERROR = 20, 30, 40


class BaseTransaction:
    """What transactions have in common; see `Transaction` and `AsyncTransaction`.

    Parameters:
        store: Where the staged value is written under `key`; a `ResultStore`.
        key: What the value is known by; without one nothing is written.
        children: The transactions that commit with this one.
        commit_mode: When it commits; that of the transaction around it, or `LAZY`.
        isolation_level: Whether transactions of one key exclude one another; None for that of the
            transaction around it.
        state: How far it has come.
        on_commit_hooks: Called with the transaction when it commits, in order.
        on_rollback_hooks: Called with the transaction when it is rolled back, the last one first.
        overwrite: Whether a value that is already written under `key` is replaced.
        logger: What is told of hooks; the log of the run by default.
        write_on_commit: Whether the staged value is written.
    """

    is_async = False

    store: Any
    key: str | None
    children: list[BaseTransaction]
    commit_mode: CommitMode | None
    isolation_level: IsolationLevel | None
    state: TransactionState
    on_commit_hooks: list[HookFn]
    on_rollback_hooks: list[HookFn]
    overwrite: bool
    logger: Any
    write_on_commit: bool

    run: TaskRun | None = None
    """The task run whose transaction this is; None of a block."""
    marker: Marker | None = None
    """What tells a resume of it; None outside flows."""
    write: Callable[[], None] | None = None
    """Puts a task's result into the cache."""
    inside: TaskRunContext | None = None
    """The task that the block stands in."""
    open = False
    """Whether a task still runs in it: until its end it may go on after a rollback."""
    taken = False
    """Whether it was staged by an earlier execution."""
    _staged_value: Any = None
    _parent: BaseTransaction | None = None
    _token: Token[BaseTransaction | None] | None = None
    _verdict: TransactionState | None = None
    """What has been decided, from the moment when it is carried out."""
    _lock: tuple[Any, str] | None = None

    def __init__(
        self,
        store: Any = None,
        key: str | None = None,
        children: list[BaseTransaction] | None = None,
        commit_mode: CommitMode | None = None,
        isolation_level: IsolationLevel | None = IsolationLevel.READ_COMMITTED,
        state: TransactionState = TransactionState.PENDING,
        on_commit_hooks: list[HookFn] | None = None,
        on_rollback_hooks: list[HookFn] | None = None,
        overwrite: bool = False,
        logger: Any = None,
        write_on_commit: bool = True,
    ) -> None:
        self.store = store
        self.key = key
        self.children = [] if children is None else children
        self.commit_mode = None if commit_mode is None else CommitMode(commit_mode)
        self.isolation_level = None if isolation_level is None else IsolationLevel(isolation_level)
        self.state = state
        self.on_commit_hooks = [] if on_commit_hooks is None else on_commit_hooks
        self.on_rollback_hooks = [] if on_rollback_hooks is None else on_rollback_hooks
        self.overwrite = overwrite
        self.logger = logger
        self.write_on_commit = write_on_commit
        self.values: dict[str, Any] = {}
        """What was set."""
        self._holder = new_id().hex()
        self._held: dict[tuple[int, str], int] = {}
        """Of the outermost: the locks that it and those inside hold, and how many of them."""
        self._guard = threading.Lock()

    # What users ask and say.

    def set(self, name: str, value: Any) -> None:
        """Keep a value for hooks, and for transactions inside this one.

        Parameters:
            name: Its name.
            value: Any value.

        Example:
            >>> from noria.transactions import transaction
            >>> with transaction() as txn:
            ...     txn.set("path", "report.csv")
            ...     txn.get("path")
            'report.csv'
        """
        self.values[name] = value

    def get(self, name: str, default: Any = NotSet) -> Any:
        """A copy of a value that was set here or in a transaction around this one.

        Parameters:
            name: Its name.
            default: The answer when there is none.

        Raises:
            ValueError: There is none, and no default.
        """
        at: BaseTransaction | None = self
        while at is not None:
            if name in at.values:
                return copy.deepcopy(at.values[name])
            at = at._parent
        if default is NotSet:
            raise ValueError(f"Could not retrieve value for unknown key: {name}")
        return default

    def stage(
        self,
        value: Any,
        on_rollback_hooks: list[HookFn] | None = None,
        on_commit_hooks: list[HookFn] | None = None,
    ) -> None:
        """Say what is written at the commit, and who is called then or at a rollback.

        Does nothing when the transaction is committed already.

        Parameters:
            value: Written under the transaction's key, if it has one.
            on_rollback_hooks: Further hooks.
            on_commit_hooks: Further hooks.
        """
        if self.state is TransactionState.COMMITTED:
            return
        self._staged_value = value
        self.on_rollback_hooks += on_rollback_hooks or ()
        self.on_commit_hooks += on_commit_hooks or ()
        self.state = TransactionState.STAGED
        self._verdict = None

    def is_pending(self) -> bool:
        """Whether it has not begun."""
        return self.state is TransactionState.PENDING

    def is_active(self) -> bool:
        """Whether it has begun, and nothing is staged."""
        return self.state is TransactionState.ACTIVE

    def is_staged(self) -> bool:
        """Whether the work is done and not yet kept."""
        return self.state is TransactionState.STAGED

    def is_committed(self) -> bool:
        """Whether the work is kept; with a key also when that happened earlier."""
        return self.state is TransactionState.COMMITTED

    def is_rolled_back(self) -> bool:
        """Whether the work was undone."""
        return self.state is TransactionState.ROLLED_BACK

    def get_parent(self) -> BaseTransaction | None:
        """The transaction around this one."""
        return self._parent

    def add_child(self, transaction: BaseTransaction) -> None:
        """Let a transaction commit and roll back with this one."""
        self.children.append(transaction)

    @classmethod
    def get_active(cls) -> BaseTransaction | None:
        """The innermost transaction around the call; None when there is none."""
        return current()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key={self.key!r}, state={self.state.value})"

    # The steps of a block.

    def _prepare(self) -> None:
        if self._token is not None:
            raise RuntimeError(
                "The transaction is entered already; a block inside it needs one of its own: "
                "call `transaction()` again."
            )
        self.join(current())
        self.inside = TaskRunContext.get()

    def join(self, parent: BaseTransaction | None) -> None:
        """Begin inside another transaction, or by itself."""
        self._parent = parent
        if self.commit_mode is None:
            inherited = None if parent is None else parent.commit_mode
            self.commit_mode = inherited or CommitMode.LAZY
        if self.isolation_level is None:
            inherited_level = None if parent is None else parent.isolation_level
            self.isolation_level = inherited_level or IsolationLevel.READ_COMMITTED
        self.state = TransactionState.ACTIVE

    def _enter(self) -> Generator[Effect, Any, None]:
        self._prepare()
        yield from self._begin()
        self._token = transaction_context.set(self)

    def _begin(self) -> Generator[Effect, Any, None]:
        store, key = self.store, self.key
        if store is None or not key:
            return
        if self.isolation_level is IsolationLevel.SERIALIZABLE:
            yield from self.locking(store.locks, key)
        try:
            if not self.overwrite and (yield Ask(lambda: store.exists(key=key))):
                self.state = TransactionState.COMMITTED
        except BaseException:
            self.unlock()
            raise

    # Locks belong to the outermost transaction: one inside it never waits for it.

    def outermost(self) -> BaseTransaction:
        """The transaction around all."""
        at = self
        while at._parent is not None:
            at = at._parent
        return at

    def locking(self, manager: Any, key: str) -> Generator[Effect, Any, None]:
        """Take the lock of a key, and keep it until this one is over."""
        outermost, name = self.outermost(), (id(manager), key)
        if name not in outermost._held:
            acquire = manager.aacquire_lock if self.is_async else manager.acquire_lock
            yield Hook(acquire, key, outermost._holder)
        with outermost._guard:
            outermost._held[name] = outermost._held.get(name, 0) + 1
        self._lock = manager, key

    def unlock(self) -> None:
        """Give back what `locking` has taken."""
        if self._lock is None:
            return
        (manager, key), self._lock = self._lock, None
        outermost, name = self.outermost(), (id(manager), key)
        with outermost._guard:
            left = outermost._held[name] = outermost._held[name] - 1
            if not left:
                del outermost._held[name]
        if not left:
            manager.release_lock(key, outermost._holder)

    def _exit(self, exc: BaseException | None) -> Generator[Effect, Any, None]:
        if self._token is None:
            raise RuntimeError("The transaction was left without having been entered.")
        try:
            if exc is None or isinstance(exc, Exception):
                yield from self._await_tasks(begin=exc is None)
            if isinstance(exc, Pause):
                # The run goes on in another process, and comes to this block again.
                return
            if exc is not None:
                yield from self.rolling_back()
            elif self.commit_mode is CommitMode.EAGER:
                yield from self.committing()
            if self._parent is None:
                yield from self._settle()
        except BaseException:
            yield from self.rolling_back()
            raise
        finally:
            yield from self._leave()

    def _settle(self) -> Generator[Effect, Any, None]:
        """Nobody around it will decide."""
        if self.commit_mode is CommitMode.OFF:
            yield from self.rolling_back()
        elif self.commit_mode is CommitMode.LAZY:
            yield from self.committing()

    def _await_tasks(self, begin: bool) -> Generator[Effect, Any, None]:
        """Wait for tasks that were submitted in the block: they are part of it."""
        while waiting := list(self._submitted()):
            for future in waiting:
                if not begin and future.work is not None and future.work.gate is None:
                    future.work.cancel()
            yield Wait(waiting)

    def _submitted(self) -> Generator[Any, None, None]:
        flow = flow_context.get()
        for future in () if flow is None else list(flow.execution.futures):
            context = getattr(future.work, "context", None)
            if context is None or future.done():
                continue
            at = context.get(transaction_context)
            while at is not None and at is not self:
                at = at._parent
            if at is self:
                yield future

    def _leave(self) -> Generator[Effect, Any, None]:
        token, self._token = self._token, None
        if token is not None:
            try:
                transaction_context.reset(token)
            except ValueError:
                # An async generator may be closed by another context than the one that began it.
                transaction_context.set(self._parent)
        if self._parent is None:
            self.unlock_all()
        yield from self.hand_over()

    def unlock_all(self) -> None:
        """Let nothing inside that nobody has decided about keep a lock."""
        self.unlock()
        for child in list(self.children):
            child.unlock_all()

    def hand_over(self) -> Generator[Effect, Any, None]:
        """Leave it to the transaction around this one."""
        parent = self._parent
        if parent is None:
            return
        with parent._guard:
            parent.children.append(self)
            verdict = parent._verdict
        if self.state is TransactionState.ROLLED_BACK:
            yield from parent.rolling_back()
        elif verdict is TransactionState.ROLLED_BACK:
            # Whatever decided did not know of this one.
            yield from self.rolling_back()
        elif verdict is TransactionState.COMMITTED:
            yield from self.committing()

    # Commit and rollback.

    def _decide(self, verdict: TransactionState) -> bool:
        """Whether it is now to be carried out, and by the caller."""
        with self._guard:
            over = self.state is TransactionState.COMMITTED or (
                self.state is TransactionState.ROLLED_BACK and not self.open
            )
            if over or self._verdict is not None:
                return False
            self._verdict = verdict
            return True

    def undecided(self) -> Iterator[BaseTransaction]:
        """This one and those inside, if they are tasks of a flow and not over."""
        if self.marker is not None and self.state not in _OVER:
            yield self
        for child in list(self.children):
            yield from child.undecided()

    def marked(self) -> Iterator[BaseTransaction]:
        """Of those the ones that a resume would find undecided."""
        for one in self.undecided():
            if one.marker is not None and one.marker.mark is not None:
                yield one

    def _announce_commit(self) -> Generator[Effect, Any, None]:
        """Put on record that all of it is committed, before a hook or a record acts on it."""
        if not any(True for _ in self.marked()):
            return
        # The first one last: whoever resumes comes to that first, and if it has the mark, all have.
        members = list(self.undecided())
        for one in reversed(members):
            if one.marker is not None:
                one.marker.place(TransactionMark.COMMITTING)
        if any(one.on_commit_hooks for one in members) and members[0].marker is not None:
            yield Commit(members[0].marker.journal)

    def _announce_rollback(self) -> Generator[Effect, Any, None]:
        """Make safe that it is rolled back, before a hook acts on it."""
        markers = [one.marker for one in self.marked() if one.on_rollback_hooks]
        for marker in markers:
            if marker is not None:
                marker.place(TransactionMark.ROLLING_BACK)
        if markers and markers[0] is not None:
            yield Commit(markers[0].journal)

    def committing(self, inside: bool = False) -> Steps:
        """Commit with everything inside; False when it was over already, or did not succeed.

        Parameters:
            inside: Whether it is part of a commit that was announced.
        """
        if not self._decide(TransactionState.COMMITTED):
            return False
        try:
            if not inside and self.children:
                yield from self._announce_commit()
            for child in self.children:
                yield from child.committing(inside=True)
            for hook in self.on_commit_hooks:
                yield from self._call(hook, "commit")
            yield from self._write()
        except SerializationError as exc:
            self._say(
                _WARNING,
                f"The value of transaction {self.key!r} cannot be serialized, so it is not "
                f"committed: {exc}",
            )
        except Exception as exc:  # noqa: BLE001 - hooks and storages may raise anything
            self._say(
                _ERROR,
                f"An error was encountered while committing transaction {self.key!r}: "
                f"{describe_exception(exc)}",
            )
        else:
            self.state = TransactionState.COMMITTED
            if self.marker is not None and self.marker.mark is not None:
                self.marker.place(TransactionMark.COMMITTED)
            self.unlock()
            return True
        self._verdict = None
        yield from self.rolling_back()
        return False

    def _write(self) -> Generator[Effect, Any, None]:
        if self.write is not None:
            yield Ask(self.write)
            if self._lock is not None:
                # Who gets the lock next is to find it.
                yield Commit(open_session().journal)
        store, key, value = self.store, self.key, self._staged_value
        if store is None or not key or not self.write_on_commit:
            return
        if hasattr(value, "metadata") and hasattr(value, "result"):
            yield Ask(lambda: store.persist_result_record(value, self._holder))
        else:
            yield Ask(lambda: store.write(key=key, obj=value, holder=self._holder))

    def rolling_back(self, inside: bool = False) -> Steps:
        """Undo, this one's own work first, then what is inside it, the last first; False when it
        was over already, or a hook failed.

        Parameters:
            inside: Whether it is part of a rollback that was announced.
        """
        if not self._decide(TransactionState.ROLLED_BACK):
            return False
        well = True
        if not inside:
            yield from self._announce_rollback()
        for hook in reversed(self.on_rollback_hooks):
            try:
                yield from self._call(hook, "rollback")
            except Exception as exc:  # noqa: BLE001 - the other hooks have work to undo too
                well = False
                self._say(
                    _ERROR,
                    f"An error was encountered while rolling back transaction {self.key!r}: "
                    f"{describe_exception(exc)}",
                )
        self.state = TransactionState.ROLLED_BACK
        if self.marker is not None:
            self.marker.place(TransactionMark.ROLLED_BACK)
        for child in reversed(list(self.children)):
            yield from child.rolling_back(inside=True)
        if self.open:
            # What the task does next is decided at its end.
            self._verdict = None
        else:
            self.unlock()
        return well

    def begin_again(self) -> None:
        """Forget what a failed attempt of the task has left here."""
        self.children = []
        self.values = {}
        self.state = TransactionState.ACTIVE

    def _call(self, hook: HookFn, kind: str) -> Generator[Effect, Any, None]:
        name = getattr(hook, "__name__", None) or repr(hook)
        spoken = getattr(hook, "log_on_run", True)
        if spoken:
            self._say(_INFO, f"Running {kind} hook {name!r}")
        try:
            yield Hook(hook, self)
        except Exception:
            if spoken:
                self._say(_ERROR, f"An error was encountered while running {kind} hook {name!r}")
            raise
        if spoken:
            self._say(_INFO, f"{kind.capitalize()} hook {name!r} finished running successfully")

    def _reading(self) -> Generator[Effect, Any, Any]:
        store, key = self.store, self.key
        if store is None or not key:
            return None
        return (yield Ask(lambda: store.read(key=key, holder=self._holder)))

    def _say(self, level: int, message: str) -> None:
        if self.logger is not None:
            self.logger.log(level, message)
            return
        flow = flow_context.get()
        if flow is None:
            import logging  # noqa: PLC0415 - a run that logs nothing does without

            logging.getLogger("noria.transactions").log(level, message)
            return
        run = self.run
        if run is None and self.inside is not None:
            run = self.inside.task_run
        flow.execution.log(level, message, run)


class Transaction(BaseTransaction):
    """A transaction of sync code, entered by `with`.

    Example:
        >>> from noria import task
        >>> from noria.transactions import Transaction
        >>> @task
        ... def write():
        ...     return "written"
        >>> @write.on_commit
        ... def committed(txn):
        ...     print("kept")
        >>> with Transaction():
        ...     print(write())
        written
        kept
    """

    def __enter__(self) -> Self:
        drive(self._enter())
        return self

    def __exit__(self, kind: Any, exc: BaseException | None, traceback: Any) -> None:
        drive(self._exit(exc))

    def begin(self) -> None:
        """See whether a value is already written under the key."""
        drive(self._begin())

    def read(self) -> Any:
        """The record that is written under the key; None without a key."""
        return drive(self._reading())

    def commit(self) -> bool:
        """Commit now, with everything inside.

        Returns:
            False when it was over already, or could not be committed and was rolled back.
        """
        return drive(self.committing())

    def rollback(self) -> bool:
        """Undo now what was done inside.

        Returns:
            False when it was over already, or a hook has failed.
        """
        return drive(self.rolling_back())


class AsyncTransaction(BaseTransaction):
    """A transaction of async code, entered by `async with`.

    Example:
        >>> import asyncio
        >>> from noria.transactions import AsyncTransaction
        >>> async def work():
        ...     async with AsyncTransaction() as txn:
        ...         txn.set("rows", 3)
        ...     return txn.is_committed()
        >>> asyncio.run(work())
        True
    """

    is_async = True

    async def __aenter__(self) -> Self:
        await adrive(self._enter())
        return self

    async def __aexit__(self, kind: Any, exc: BaseException | None, traceback: Any) -> None:
        await adrive(self._exit(exc))

    def __enter__(self) -> NoReturn:
        raise NotImplementedError(
            "AsyncTransaction does not support the `with` statement; use `async with`."
        )

    def __exit__(self, kind: Any, exc: BaseException | None, traceback: Any) -> NoReturn:
        raise NotImplementedError(
            "AsyncTransaction does not support the `with` statement; use `async with`."
        )

    async def begin(self) -> None:
        """See whether a value is already written under the key."""
        await adrive(self._begin())

    async def read(self) -> Any:
        """The record that is written under the key; None without a key."""
        return await adrive(self._reading())

    async def commit(self) -> bool:
        """As `Transaction.commit`, to be awaited."""
        return await adrive(self.committing())

    async def rollback(self) -> bool:
        """As `Transaction.rollback`, to be awaited."""
        return await adrive(self.rolling_back())


# Which transaction some code stands in.


def current() -> BaseTransaction | None:
    """The innermost transaction around the call, that of its task included."""
    return _innermost(TaskRunContext.get(), make=True)


def around(context: TaskRunContext, make: bool) -> BaseTransaction | None:
    """The transaction that a task was called in.

    Parameters:
        context: The task's.
        make: Whether a task around it is given a transaction if it has none.
    """
    caller = context.caller
    if caller is None:
        flow = context.flow_context
        caller = None if flow is None else _task_around(flow)
    return _innermost(caller, make)


def found() -> BaseTransaction | None:
    """As `current`, but a task that needed none so far is not given one."""
    return _innermost(TaskRunContext.get(), make=False)


def _innermost(task: TaskRunContext | None, make: bool) -> BaseTransaction | None:
    block = transaction_context.get()
    if block is not None and block.inside is task:
        return block
    if task is None:
        return None
    return of_task(task) if make else task.transaction


def _task_around(flow: FlowRunContext) -> TaskRunContext | None:
    found: FlowRunContext | TaskRunContext | None = flow
    while isinstance(found, FlowRunContext):
        found = found.outer
    return found


def of_task(context: TaskRunContext) -> BaseTransaction:
    """The transaction of a task, made when it is first needed."""
    made: BaseTransaction | None = context.transaction
    if made is None:
        kind = AsyncTransaction if context.task.isasync else Transaction
        made = kind(isolation_level=None)
        made.run = context.task_run
        made.open = True
        made.join(around(context, make=True))
        context.transaction = made
    return made


__all__ = [
    "AsyncTransaction",
    "BaseTransaction",
    "Transaction",
    "around",
    "current",
    "found",
    "of_task",
]
