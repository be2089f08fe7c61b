"""Which state may follow which, and who may say so.

A run is written by several hands: the process that executes it, whoever finds that process dead,
the person who cancels, the scheduler that hands it out. Each sees the run a little late. The table
below is what keeps them from undoing one another, and it rests on four rules.

1. An end is an end. Completed, Failed, Cancelled and Crashed are left only by a resume or a retry.
   A resume raises the run's epoch, so the process of the old execution, should it still live,
   writes into the void; a retry is made by that very process.
2. Only the process that executes a run says how it ended: Completed and Failed are the engine's.
   Whoever merely finds a run abandoned can say no more than Crashed, except that a pause which
   nobody answered in time has Failed: there was no work left to lose.
3. A wish is not a fact. A person asks for Cancelling; that the work has stopped, Cancelled, is
   said by who stopped it, or found it gone. Only a run that no process holds is cancelled at
   once. Cancelling is not taken back: when the process that was to stop is gone, the run is
   Cancelled.
4. Waiting has a reason. Scheduled waits for a time, Pending for a resource or an upstream, Paused
   for a person. Each goes on to Running, and each can end without ever having run.

A task run is never handed out or cancelled by a person on its own: it lives within the execution of
its flow run, and so its table is the smaller one.
"""

from __future__ import annotations

import enum
import functools
import sys
from collections.abc import Iterator
from typing import NamedTuple

from noria.core.errors import NoriaException
from noria.core.states import TERMINAL_STATES, StateType, default_name


class Actor(enum.Enum):
    """Who moves a run from one state to the next."""

    ENGINE = "engine"
    REAPER = "reaper"
    PERSON = "person"
    SCHEDULER = "scheduler"
    RESUME = "resume"
    RETRY = "retry"

    @property
    def meaning(self) -> str:
        """Who that is, in a few words."""
        return _MEANINGS[self]


_MEANINGS = {
    Actor.ENGINE: "the process that executes the run and holds its epoch",
    Actor.REAPER: "whoever finds that this process is gone",
    Actor.PERSON: "a request from outside the run: cancel, pause, run now",
    Actor.SCHEDULER: "whoever decides that a run is due and hands it to a process",
    Actor.RESUME: "a new execution of a run that ended or was suspended, with its results",
    Actor.RETRY: "a further attempt, as the retries of the flow or task ask for",
}


class RunKind(enum.Enum):
    """What is run."""

    FLOW = "flow run"
    TASK = "task run"


class Rule(NamedTuple):
    """One line of a table: any of `before` may become `after`, if one of `actors` says so."""

    before: tuple[StateType | None, ...]
    """None stands for a run that does not exist yet."""
    after: StateType
    actors: tuple[Actor, ...]
    why: str


class ForbiddenTransition(NoriaException):
    """A run cannot go from the state it is in to the one asked for; names both and what could."""


_S = StateType
_A = Actor

FLOW_RUN_RULES: tuple[Rule, ...] = (
    # A run comes into being.
    Rule((None,), _S.SCHEDULED, (_A.SCHEDULER, _A.PERSON), "due at a time, or as soon as may be"),
    Rule((None,), _S.PENDING, (_A.ENGINE,), "a flow was called"),
    Rule((None,), _S.RUNNING, (_A.ENGINE,), "called and started in one step"),
    # It waits for its time.
    Rule(
        (_S.SCHEDULED,), _S.SCHEDULED, (_A.SCHEDULER, _A.PERSON), "late, or moved to another time"
    ),
    Rule((_S.SCHEDULED,), _S.PENDING, (_A.SCHEDULER, _A.ENGINE), "due: a process takes it"),
    Rule((_S.SCHEDULED,), _S.RUNNING, (_A.ENGINE,), "the wait before a retry is over"),
    Rule((_S.SCHEDULED,), _S.FAILED, (_A.ENGINE,), "timed out during the wait before a retry"),
    # It waits for a process, a slot or an upstream.
    Rule((_S.PENDING,), _S.PENDING, (_A.ENGINE, _A.SCHEDULER), "waits for something else"),
    Rule((_S.PENDING,), _S.SCHEDULED, (_A.ENGINE, _A.SCHEDULER), "no slot, or its taker died"),
    Rule((_S.PENDING,), _S.RUNNING, (_A.ENGINE,), "starts"),
    Rule((_S.PENDING,), _S.COMPLETED, (_A.ENGINE,), "nothing to do: the result is known"),
    Rule((_S.PENDING,), _S.FAILED, (_A.ENGINE,), "parameters do not fit, or an upstream failed"),
    # It runs.
    Rule((_S.RUNNING,), _S.RUNNING, (_A.ENGINE, _A.RETRY), "tries again at once"),
    Rule((_S.RUNNING,), _S.SCHEDULED, (_A.ENGINE, _A.RETRY), "waits before it tries again"),
    Rule((_S.RUNNING,), _S.PAUSED, (_A.ENGINE, _A.PERSON), "waits for a person"),
    Rule((_S.RUNNING,), _S.COMPLETED, (_A.ENGINE,), "the function returned"),
    Rule((_S.RUNNING,), _S.FAILED, (_A.ENGINE, _A.REAPER), "the function raised, or took too long"),
    # It waits for a person.
    Rule((_S.PAUSED,), _S.RUNNING, (_A.ENGINE, _A.RESUME), "resumed while its process waited"),
    Rule((_S.PAUSED,), _S.SCHEDULED, (_A.RESUME,), "resumed after its process had left"),
    Rule((_S.PAUSED,), _S.PENDING, (_A.RESUME,), "resumed after its process had left"),
    Rule((_S.PAUSED,), _S.PAUSED, (_A.ENGINE, _A.PERSON), "asked again, or with another deadline"),
    Rule((_S.PAUSED,), _S.FAILED, (_A.ENGINE, _A.REAPER), "nobody resumed it in time"),
    # It is cancelled.
    Rule(
        (_S.SCHEDULED, _S.PENDING, _S.RUNNING, _S.PAUSED, _S.CANCELLING),
        _S.CANCELLING,
        (_A.PERSON,),
        "a process is to stop it",
    ),
    Rule((_S.SCHEDULED, _S.PENDING, _S.PAUSED), _S.CANCELLED, (_A.PERSON,), "no process holds it"),
    Rule(
        (_S.SCHEDULED, _S.PENDING, _S.RUNNING, _S.PAUSED),
        _S.CANCELLED,
        (_A.ENGINE,),
        "interrupted, or its parent was cancelled",
    ),
    Rule((_S.CANCELLING,), _S.CANCELLED, (_A.ENGINE, _A.REAPER), "the work has stopped"),
    # It is lost.
    Rule(
        (_S.SCHEDULED, _S.PENDING, _S.RUNNING, _S.PAUSED, _S.CANCELLING),
        _S.CRASHED,
        (_A.ENGINE, _A.REAPER),
        "its process died or was broken off",
    ),
    # It lives again.
    Rule((_S.FAILED, _S.CRASHED), _S.SCHEDULED, (_A.RETRY, _A.RESUME), "again, later"),
    Rule((_S.FAILED, _S.CRASHED), _S.PENDING, (_A.RETRY, _A.RESUME), "again, once it may start"),
    Rule((_S.FAILED, _S.CRASHED), _S.RUNNING, (_A.RETRY, _A.RESUME), "again, at once"),
    Rule((_S.COMPLETED, _S.CANCELLED), _S.SCHEDULED, (_A.RESUME,), "a person wants it again"),
    Rule((_S.COMPLETED, _S.CANCELLED), _S.PENDING, (_A.RESUME,), "a person wants it again"),
    Rule((_S.COMPLETED, _S.CANCELLED), _S.RUNNING, (_A.RESUME,), "a person wants it again"),
)

TASK_RUN_RULES: tuple[Rule, ...] = (
    # A run comes into being.
    Rule((None,), _S.SCHEDULED, (_A.ENGINE,), "called with a delay"),
    Rule((None,), _S.PENDING, (_A.ENGINE,), "called or submitted"),
    Rule((None,), _S.RUNNING, (_A.ENGINE,), "called and started in one step"),
    Rule((None,), _S.COMPLETED, (_A.ENGINE,), "the result is known from a cache"),
    # It waits.
    Rule((_S.SCHEDULED,), _S.SCHEDULED, (_A.ENGINE,), "due, and waits for a slot"),
    Rule((_S.SCHEDULED,), _S.PENDING, (_A.ENGINE,), "due"),
    Rule((_S.SCHEDULED,), _S.RUNNING, (_A.ENGINE,), "the wait before a retry is over"),
    Rule((_S.SCHEDULED,), _S.FAILED, (_A.ENGINE,), "timed out during the wait before a retry"),
    Rule((_S.PENDING,), _S.PENDING, (_A.ENGINE,), "waits for something else, or not ready"),
    Rule((_S.PENDING,), _S.SCHEDULED, (_A.ENGINE,), "waits for a slot"),
    Rule((_S.PENDING,), _S.RUNNING, (_A.ENGINE,), "starts"),
    Rule((_S.PENDING,), _S.COMPLETED, (_A.ENGINE,), "the result is known from a cache"),
    Rule((_S.PENDING,), _S.FAILED, (_A.ENGINE,), "its arguments could not be prepared"),
    # It runs.
    Rule(
        (_S.RUNNING,),
        _S.RUNNING,
        (_A.ENGINE, _A.RETRY),
        "tries again at once, or its fallback takes over",
    ),
    Rule((_S.RUNNING,), _S.SCHEDULED, (_A.ENGINE, _A.RETRY), "waits before it tries again"),
    Rule((_S.RUNNING,), _S.PAUSED, (_A.ENGINE,), "the flow it stands for is paused"),
    Rule((_S.RUNNING,), _S.COMPLETED, (_A.ENGINE,), "the function returned, or its fallback"),
    Rule((_S.RUNNING,), _S.FAILED, (_A.ENGINE,), "the function raised, or took too long"),
    Rule((_S.PAUSED,), _S.RUNNING, (_A.ENGINE, _A.RESUME), "the flow it stands for goes on"),
    Rule((_S.PAUSED,), _S.PENDING, (_A.RESUME,), "the flow it stands for goes on elsewhere"),
    Rule((_S.PAUSED,), _S.FAILED, (_A.ENGINE, _A.REAPER), "nobody resumed it in time"),
    # It ends from outside.
    Rule(
        (_S.SCHEDULED, _S.PENDING, _S.RUNNING, _S.PAUSED),
        _S.CANCELLED,
        (_A.ENGINE, _A.REAPER),
        "its future or its flow run was cancelled",
    ),
    Rule(
        (_S.SCHEDULED, _S.PENDING, _S.RUNNING, _S.PAUSED),
        _S.CRASHED,
        (_A.ENGINE, _A.REAPER),
        "its process died or was broken off",
    ),
    # It lives again, within a new execution of its flow.
    Rule((_S.COMPLETED,), _S.COMPLETED, (_A.ENGINE, _A.RESUME), "rolled back, or taken as it was"),
    Rule(
        (_S.FAILED, _S.CRASHED, _S.CANCELLED, _S.COMPLETED),
        _S.SCHEDULED,
        (_A.RETRY, _A.RESUME),
        "again, later",
    ),
    Rule(
        (_S.FAILED, _S.CRASHED, _S.CANCELLED, _S.COMPLETED),
        _S.PENDING,
        (_A.RETRY, _A.RESUME),
        "again, once it may start",
    ),
    Rule(
        (_S.FAILED, _S.CRASHED, _S.CANCELLED, _S.COMPLETED),
        _S.RUNNING,
        (_A.RETRY, _A.RESUME),
        "again, at once",
    ),
    Rule((_S.FAILED, _S.CRASHED, _S.CANCELLED), _S.COMPLETED, (_A.RESUME,), "found in a cache"),
)

RULES = {RunKind.FLOW: FLOW_RUN_RULES, RunKind.TASK: TASK_RUN_RULES}

Table = dict[tuple[StateType | None, StateType], frozenset[Actor]]


@functools.cache
def table(kind: RunKind) -> Table:
    """(before, after) -> who may; what is missing, nobody may."""
    found: Table = {}
    for rule in RULES[kind]:
        for before in rule.before:
            key = before, rule.after
            found[key] = found.get(key, frozenset()) | frozenset(rule.actors)
    return found


def is_allowed(
    before: StateType | None, after: StateType, actor: Actor, kind: RunKind = RunKind.FLOW
) -> bool:
    """Whether `actor` may move a run of `kind` from `before` to `after`."""
    return actor in table(kind).get((before, after), ())


def check(
    before: StateType | None, after: StateType, actor: Actor, kind: RunKind = RunKind.FLOW
) -> None:
    """Refuse a transition that the table does not hold.

    Parameters:
        before: The state the run is in; None when it does not exist yet.
        after: The state asked for.
        actor: Who asks.
        kind: Whether it is a flow run or a task run.

    Raises:
        ForbiddenTransition: Says what was asked, and what the same actor could ask instead.

    Example:
        >>> check(StateType.RUNNING, StateType.CANCELLING, Actor.PERSON)
        >>> check(StateType.COMPLETED, StateType.CANCELLING, Actor.PERSON)
        Traceback (most recent call last):
        ...
        noria.core.transitions.ForbiddenTransition: A flow run that is Completed cannot become \
Cancelling by the person: it has ended. From here the person can do nothing.
    """
    if is_allowed(before, after, actor, kind):
        return
    start = "A new" if before is None else "A"
    state = "" if before is None else f" that is {default_name(before)}"
    others = [default_name(each) for each in following(before, actor, kind)]
    ended = ": it has ended" if before in TERMINAL_STATES else ""
    rest = f"make it {' or '.join(others)}" if others else "do nothing"
    raise ForbiddenTransition(
        f"{start} {kind.value}{state} cannot become {default_name(after)} "
        f"by the {actor.value}{ended}. From here the {actor.value} can {rest}."
    )


def following(
    before: StateType | None, actor: Actor | None = None, kind: RunKind = RunKind.FLOW
) -> list[StateType]:
    """The states that may follow, of one actor or of all, in the order of `StateType`."""
    return [
        after
        for after in StateType
        if (actors := table(kind).get((before, after))) and (actor is None or actor in actors)
    ]


def diagram(kind: RunKind) -> str:
    """The table as a mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for (before, after), actors in table(kind).items():
        start = "[*]" if before is None else default_name(before)
        lines.append(f"    {start} --> {default_name(after)}: {_listed(actors)}")
    lines += [f"    {default_name(end)} --> [*]" for end in StateType if end in TERMINAL_STATES]
    return "\n".join(lines)


def page() -> str:
    """The page of the documentation about states, in Markdown."""
    theory = (__doc__ or "").partition("\n\n")[2].strip()
    parts = [
        "<!-- Made by `python -m noria.core.transitions`; change that module, not this page. -->",
        "# Which state may follow which",
        theory,
        "## Who",
        "\n".join(f"- **{actor.value}**: {actor.meaning}" for actor in Actor),
    ]
    for kind in RunKind:
        parts += [
            f"## The states of a {kind.value}",
            f"```mermaid\n{diagram(kind)}\n```",
            "\n".join(_rows(kind)),
        ]
    return "\n\n".join(parts) + "\n"


def _rows(kind: RunKind) -> Iterator[str]:
    yield "| from | to | by | when |"
    yield "|---|---|---|---|"
    for rule in RULES[kind]:
        before = ", ".join("new" if each is None else default_name(each) for each in rule.before)
        yield f"| {before} | {default_name(rule.after)} | {_listed(rule.actors)} | {rule.why} |"


def _listed(actors: frozenset[Actor] | tuple[Actor, ...]) -> str:
    return ", ".join(actor.value for actor in Actor if actor in actors)


if __name__ == "__main__":
    sys.stdout.write(page())
