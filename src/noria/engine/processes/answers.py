"""In the flow's process: what a child asks and tells while it makes a call."""

from __future__ import annotations

import marshal
import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from noria.core.errors import SerializationError
from noria.core.redaction import redactor
from noria.core.states import StateType
from noria.engine import caching
from noria.engine.calls import TaskCall
from noria.engine.execution import FlowExecution
from noria.engine.futures import Future
from noria.engine.groups import Group, Place
from noria.engine.processes.exceptions import unpack
from noria.engine.processes.messages import Outcome, Unseen
from noria.engine.processes.sending import Sender, dumps_by_value
from noria.engine.runs import TaskRun

if TYPE_CHECKING:
    from noria.backend.port import MemoEntry

Answer = tuple[bool, Any]
"""Whether there is an answer, and it; else the exception to raise."""


class Answers:
    """Answers the children of one pool.

    Parameters:
        sender: Pickles what a child cannot import.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._groups: dict[tuple[bytes, int], Group] = {}
        self._kinds: dict[str, Any] = {
            "backend": _backend,
            "cached": lambda call, key, now: caching.find(call.session(), key, now),
            "commit": lambda call: call.session().journal.commit(),
            "define": lambda _, module, name: self._sender.define(module, name),
            "flow": _flow,
            "flush": lambda call, timeout: call.session().journal.flush(timeout),
            "group": self._group,
            "memo": _memo,
            "parameters": _parameters,
        }

    def answer(self, call: TaskCall, what: str, content: tuple[Any, ...]) -> bytes:
        """The pickled answer to a question that came up in a call."""
        answer: Answer
        try:
            answer = True, self._kinds[what](call, *content)
        except Exception as exc:  # noqa: BLE001 - raised again in the child, where it was asked
            answer = False, exc
        try:
            return pickle.dumps(answer, 5)
        except Exception:  # noqa: BLE001 - what pickle cannot do, cloudpickle may
            return _in_other_words(answer, what)

    def know(self, group: Group) -> None:
        """A child may name this group as the parent of others."""
        self._groups[group.flow_run, group.number] = group

    def hear(self, call: TaskCall, what: str, content: tuple[Any, ...]) -> None:
        """Take in news."""
        if what == "secrets":
            redactor.add(*content)
            return
        execution = call.execution
        if execution is None:
            return
        if what == "say_once":
            execution.say_once(*content)
        elif what == "group":
            number, expected, upstream = content
            group = self._groups[execution.flow_run.raw_id, number]
            group.expected = expected
            group.upstream.update(upstream)
            execution.group_changed(group)

    def _group(
        self,
        call: TaskCall,
        key: bytes,
        task_key: str,
        name: str,
        kind: str,
        where: tuple[bytes | None, int, int],
        parent: int | None,
        tags: frozenset[str],
    ) -> Group:
        execution = call.execution
        assert execution is not None
        code, instruction, line = where
        place = Place(None if code is None else marshal.loads(code), instruction, line)
        above = None if parent is None else self._groups[execution.flow_run.raw_id, parent]
        group = execution.group_of(key, task_key, name, kind, place, above, tags)
        self.know(group)
        return group


def _backend(call: TaskCall, method: str, *args: Any) -> Any:
    answer = getattr(call.session().backend, method)(*args)
    return list(answer) if isinstance(answer, Iterator) else answer


def _flow(call: TaskCall, attribute: str) -> Any:
    assert call.execution is not None
    return getattr(call.execution.flow, attribute)


def _memo(call: TaskCall, identity: bytes) -> MemoEntry | None:
    assert call.execution is not None
    return call.execution.memo.get(identity)


def _parameters(call: TaskCall) -> dict[str, Any]:
    assert call.flow_context is not None
    return call.flow_context.parameters


def _in_other_words(answer: Answer, what: str) -> bytes:
    try:
        return dumps_by_value(answer, what)
    except SerializationError as error:
        answered, value = answer
        text = str(error) if answered else f"{type(value).__name__}: {value}"
        return pickle.dumps((False, SerializationError(text)), 5)


def take_in(execution: FlowExecution, task: Any, outcome: Outcome) -> None:
    """Let the flow know what a call has left behind in its process."""
    execution.reused += outcome.reused
    execution.transient.extend(outcome.transient)
    execution.unobserved.extend(_future(each, task) for each in outcome.unseen)


def _future(unseen: Unseen, task: Any) -> Future[Any]:
    run = TaskRun(unseen.run_id, task, None, None, None, unseen.created)
    run.name = unseen.name
    error = None if unseen.error is None else unpack(unseen.error, pickle.loads)
    run.enter(StateType(unseen.state_type), unseen.state_name, unseen.message, error)
    return Future(run)
