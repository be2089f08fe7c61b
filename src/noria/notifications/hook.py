"""The hook that sends a message."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from noria.backend.port import RunFilter
from noria.core import backoff
from noria.core.errors import StoreError
from noria.core.states import TERMINAL_STATES, Name, State, StateType, default_name
from noria.engine.context import flow_around
from noria.engine.runs import FlowRun
from noria.engine.session import open_session
from noria.notifications import outbox
from noria.notifications.messages import (
    EVENTS,
    LANGUAGES,
    RECOVERED,
    check_template,
    default_body,
    default_subject,
    event_of,
    facts_of,
)
from noria.notifications.targets import Message, check_target, label_of, look_up, send

if TYPE_CHECKING:
    from noria.engine.opening import Session

_WARNING = 30
_REMEMBERED = 256
_BAD = (StateType.FAILED, StateType.CRASHED)
_BAD_NAMES = {*map(default_name, _BAD), Name.TIMED_OUT}
_KINDS = {
    StateType.COMPLETED: "success",
    StateType.FAILED: "failure",
    StateType.CRASHED: "failure",
    StateType.CANCELLED: "warning",
    StateType.CANCELLING: "warning",
}


class Notification:
    """A hook that tells people of a run; made by `notify`."""

    def __init__(
        self,
        to: Iterable[Any],
        subject: str | None,
        body: str | None,
        on: tuple[str, ...] | None,
        language: str,
        limit: int,
        retries: int,
        delays: Any,
    ) -> None:
        self.to = tuple(to)
        self.subject = subject
        self.body = body
        self.on = on
        self.language = language
        self.limit = limit
        self.retries = retries
        self.delays = delays
        self.__name__ = f"notify({', '.join(map(label_of, self.to))})"
        self._told: OrderedDict[bytes, int] = OrderedDict()
        self._reported: OrderedDict[tuple[bytes, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, thing: Any, run: Any, state: State[Any]) -> None:
        """Send the message of a run that has entered a state, in the background.

        Parameters:
            thing: The flow or task.
            run: Its run.
            state: The state.
        """
        around = flow_around()
        session = around.execution.session if around is not None else open_session()
        event = self._event(run, state, session)
        if event is None:
            return
        owner = run.raw_id if around is None else around.flow_run.raw_id
        count = self._count(owner)
        if count > self.limit:
            return
        message = self._message(thing, run, state, event, session, last=count == self.limit)
        for to in self.to:
            self._post(to, message, session, owner, run if run.raw_id != owner else None)

    def _event(self, run: Any, state: State[Any], session: Session) -> str | None:
        """What has happened, if it is to be told."""
        event = event_of(state.type)
        if self.on is None:
            return event
        completed = state.type is StateType.COMPLETED
        if completed and RECOVERED in self.on and had_failed(run, session):
            return RECOVERED
        return event if event in self.on else None

    def _count(self, owner: bytes) -> int:
        """How many messages there were of a flow run, this one included."""
        with self._lock:
            count = self._told[owner] = self._told.get(owner, 0) + 1
            self._told.move_to_end(owner)
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
        return count

    def _message(
        self, thing: Any, run: Any, state: State[Any], event: str, session: Session, last: bool
    ) -> Message:
        facts = facts_of(thing, run, state, event, session.settings)
        subject = default_subject(facts, state, self.language)
        if self.subject is not None:
            subject = self.subject.format_map(facts)
        body = default_body(facts, self.language)
        if self.body is not None:
            body = self.body.format_map(facts)
        if last and self.limit > 1:
            body += "\n" + _LAST[self.language].format(limit=self.limit)
        kind = _KINDS.get(state.type, "info")
        return Message(subject, body, kind, facts)

    def _post(
        self, to: Any, message: Message, session: Session, owner: bytes, task_run: Any
    ) -> None:
        around = flow_around()
        execution = None if around is None else around.execution

        def report(text: str) -> None:
            with self._lock:
                known = (owner, label_of(to)) in self._reported
                self._reported[owner, label_of(to)] = None
                if len(self._reported) > _REMEMBERED:
                    self._reported.popitem(last=False)
            if known:
                # Once for each run and target: the next will say the same.
                return
            if execution is not None:
                execution.log(_WARNING, text, task_run)
                return
            import logging  # noqa: PLC0415 - seldom needed

            logging.getLogger("noria.notifications").warning(text)

        try:
            rows = look_up(to, session.backend)
        except StoreError as error:
            report(f"A notification to {label_of(to)} was not delivered: {error}")
            return

        def deliver() -> None:
            send(to, rows, message, session.backend, session.settings)

        seconds = session.settings.notifications_drain_seconds
        delivery = outbox.Delivery(label_of(to), deliver, report, self.retries, self.delays)
        outbox.put(delivery, seconds)

    def __getstate__(self) -> dict[str, Any]:
        kept = dict(self.__dict__)
        for name in ("_lock", "_told", "_reported"):
            del kept[name]
        return kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._told, self._reported, self._lock = OrderedDict(), OrderedDict(), threading.Lock()

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


_LAST = {
    "en": "(This is message {limit} of this run; there will be no more.)",
    "zh": "（这是本次运行的第 {limit} 条消息，之后不再发送。）",
}


def had_failed(run: Any, session: Session) -> bool:
    """Whether a run that completed had failed before: an earlier execution of it, or the run of its
    flow before it. A task has, when an earlier attempt of it failed."""
    if not isinstance(run, FlowRun):
        return bool(run.run_count > 1)
    if any(entry[0] in _BAD_NAMES for entry in run.history or ()):
        return True
    wanted = RunFilter(
        states=tuple(TERMINAL_STATES), flow_name=run.flow_name, before=run.raw_id, limit=1
    )
    found = session.backend.flow_runs(wanted)
    return bool(found) and found[0].run.state in _BAD


def notify(
    *to: Any,
    subject: str | None = None,
    body: str | None = None,
    on: str | Iterable[str] | None = None,
    language: str = "en",
    limit: int = 10,
    retries: int = 3,
    retry_delay_seconds: Any = (1, 5, 20),
) -> Notification:
    """A hook for flows and tasks that sends a message to people.

    The message is made when the hook is called, and delivered in the background: a run neither
    waits for it nor fails by it. What could not be delivered is told in the run's log, once for
    each run. Secrets are masked in all of it.

    Parameters:
        to: Where it goes; several are told each. The name of a saved block (`"ops-chat"`, or with
            its type `"slack-webhook/ops-chat"`), a notification block or `Webhook`, or a URL that
            apprise knows.
        subject: A template for the subject, with fields of `noria.notifications.FIELDS`, such as
            `"{name}: {state}"`.
        body: A template for the text.
        on: Which events are told: names of types of states in lowercase (`"failed"`, `"crashed"`,
            `"cancelled"`, `"completed"`, `"running"`), and `"recovered"`: a run completed, and the
            one before it had failed. By default whatever the hook is called for.
        language: Of the text that is sent without templates: `en` or `zh`.
        limit: The most messages that one flow run sends by this hook.
        retries: How often a delivery is tried again.
        retry_delay_seconds: Seconds before each retry, as for tasks.

    Returns:
        The hook, for `on_failure=[...]` and the other lists of hooks.

    Raises:
        TypeError: Something is no target.
        ValueError: A template names what is not known, or `on` an event that there is not.

    Example:
        >>> from noria import flow, notify
        >>> alert = notify("ops-chat", on=("failed", "recovered"), subject="{name}: {reason}")
        >>> @flow(on_failure=[alert], on_completion=[alert])
        ... def nightly():
        ...     return 42
        >>> nightly()
        42
    """
    if not to:
        raise TypeError("notify() needs somebody to tell: a block, its name, or a URL.")
    for each in to:
        check_target(each)
    check_template("subject", subject)
    check_template("body", body)
    if language not in LANGUAGES:
        raise ValueError(f"'language' is {language!r}; expected one of {', '.join(LANGUAGES)}.")
    if limit < 1:
        raise ValueError(f"'limit' must be at least 1, got {limit}.")
    delays = backoff.retry_delays(retry_delay_seconds, retries)
    return Notification(to, subject, body, _events(on), language, limit, retries, delays)


def _events(on: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if on is None:
        return None
    events = (on,) if isinstance(on, str) else tuple(on)
    for event in events:
        if event not in EVENTS:
            raise ValueError(f"'on' names {event!r}; there are {', '.join(EVENTS)}.")
    return events
