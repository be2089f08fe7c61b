"""What a notification says: facts of a run, filled into a template."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable
from string import Formatter
from typing import Any

from noria.console.phrases import GLYPHS
from noria.console.wording import duration
from noria.core import clock
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.core.states import State, StateType
from noria.core.tracebacks import format_exception, user_frame
from noria.engine.context import flow_around
from noria.engine.links import page_of_flow_run, page_of_task_run
from noria.engine.runs import FlowRun, TaskRun
from noria.engine.tolerance import describe

RECOVERED = "recovered"
"""The event that no state stands for: a run completed, and the one before had failed."""
_EVENTS = {
    StateType.RUNNING: "running",
    StateType.COMPLETED: "completed",
    StateType.FAILED: "failed",
    StateType.CRASHED: "crashed",
    StateType.CANCELLED: "cancelled",
    # Hooks of a cancellation are called while the work is being stopped.
    StateType.CANCELLING: "cancelled",
}
EVENTS = (*dict.fromkeys(_EVENTS.values()), RECOVERED)
LANGUAGES = ("en", "zh")
OWNER_MARKS = ("owner:", "owner=", "负责人:", "负责人：")
LONGEST = 4000
"""Characters of a reason or traceback: chats cut or refuse what is much longer."""

FIELDS = (
    "kind",
    "name",
    "run",
    "run_id",
    "flow",
    "flow_run",
    "state",
    "event",
    "reason",
    "at",
    "message",
    "traceback",
    "took",
    "attempts",
    "owner",
    "tags",
    "link",
    "time",
)
"""What a template may name."""

SUBJECT = "{sign} {name} · {run} {outcome}"

_LABELS = {
    "en": ("reason", "at", "took", "flow", "owner", "tags", "see"),
    "zh": ("原因", "位置", "用时", "流程", "负责人", "标签", "查看"),
}
_OUTCOMES = {
    "en": {
        "failed": "failed",
        "crashed": "crashed",
        "cancelled": "was cancelled",
        "completed": "completed",
        "running": "has started",
        RECOVERED: "works again",
    },
    "zh": {
        "failed": "失败",
        "crashed": "崩溃",
        "cancelled": "已取消",
        "completed": "已完成",
        "running": "开始运行",
        RECOVERED: "已恢复正常",
    },
}


def event_of(kind: StateType) -> str:
    """What it is called that a run enters a state of this type."""
    return _EVENTS.get(kind, kind.value.lower())


def check_template(option: str, template: str | None) -> None:
    """Refuse a template that could not be filled in.

    Raises:
        ValueError: Its braces do not match, or it names what there is not; says what there is.
    """
    if template is None:
        return
    if not isinstance(template, str):
        raise TypeError(f"'{option}' is a text with fields such as {{reason}}; got {template!r}.")
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(
            f"'{option}' is no template: {error}. A brace that is meant as such is doubled: {{{{."
        ) from None
    for name in names:
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            hint = f" Did you mean {{{near[0]}}}?" if near else ""
            raise ValueError(
                f"'{option}' names {{{name}}}, which is not known.{hint} There are "
                f"{', '.join(FIELDS)}."
            )


def facts_of(thing: Any, run: Any, state: State[Any], event: str, settings: Settings) -> Any:
    """What is known of a run, by `FIELDS`; texts, without secrets."""
    error = state.data if isinstance(state.data, BaseException) else None
    around = flow_around()
    of_task = isinstance(run, TaskRun)
    flow_run = around.flow_run if of_task and around is not None else run
    facts = {
        "kind": str(thing.kind),
        "name": str(thing.name),
        "run": str(run.name),
        "run_id": str(run.id),
        "flow": "" if isinstance(flow_run, TaskRun) else str(flow_run.flow_name),
        "flow_run": "" if isinstance(flow_run, TaskRun) else str(flow_run.name),
        "state": state.name,
        "event": event,
        "reason": _cut((state.message or "") if error is None else describe(error)),
        "at": "" if error is None else user_frame(error) or "",
        "message": _cut(state.message or ""),
        "traceback": "" if error is None else format_exception(error, LONGEST),
        "took": _took(run),
        "attempts": str(run.run_count),
        "owner": ", ".join(_owners(_tags(run, flow_run))),
        "tags": ", ".join(_tags(run, flow_run)),
        "link": link_of(run, flow_run, settings),
        "time": clock.to_datetime(state.micros).astimezone().isoformat(" ", "seconds"),
    }
    return {name: redactor.mask(text) for name, text in facts.items()}


def link_of(run: Any, flow_run: Any, settings: Settings) -> str:
    """Where to look: a page if there is one (NORIA_UI_URL), else a command."""
    find = page_of_task_run if isinstance(run, TaskRun) else page_of_flow_run
    page = find(settings, run.id)
    if page is not None:
        return page
    if isinstance(flow_run, FlowRun):
        return f"noria runs show {shlex.quote(flow_run.name)}"
    return ""


def default_subject(facts: dict[str, str], state: State[Any], language: str) -> str:
    """`■ load · brave-otter failed`."""
    outcome = _OUTCOMES[language].get(facts["event"], facts["state"])
    sign = GLYPHS[state.type][0]
    return SUBJECT.format(sign=sign, name=facts["name"], run=facts["run"], outcome=outcome)


def default_body(facts: dict[str, str], language: str) -> str:
    """What is known and worth a line, one below the other."""
    reason, at, took, flow, owner, tags, see = _LABELS[language]
    flow_run = f"{facts['flow']} · {facts['flow_run']}" if facts["kind"] == "task" else ""
    lines = (
        (reason, facts["reason"]),
        (at, facts["at"]),
        (took, facts["took"]),
        (flow, flow_run.strip(" ·")),
        (owner, facts["owner"]),
        (tags, facts["tags"]),
        (see, facts["link"]),
    )
    colon = "：" if language == "zh" else ": "
    return "\n".join(f"{label}{colon}{text}" for label, text in lines if text)


def _tags(run: Any, flow_run: Any) -> list[str]:
    found = {*(run.tags or ()), *(flow_run.tags or ())}
    return sorted(map(str, found))


def _owners(tags: Iterable[str]) -> list[str]:
    return [
        tag[len(mark) :].strip() for tag in tags for mark in OWNER_MARKS if tag.startswith(mark)
    ]


def _took(run: Any) -> str:
    if run.start is None:
        return ""
    return duration((run.end or clock.now()) - run.start)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
