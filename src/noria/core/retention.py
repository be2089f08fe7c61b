"""How long finished runs are kept: rules by state and age, as a setting says them."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import NamedTuple

from noria.core.errors import ConfigurationError
from noria.core.spans import DAY, HOUR, parse_span, span_text
from noria.core.states import TERMINAL_STATES, StateType

STATES = tuple(state for state in StateType if state in TERMINAL_STATES)
"""The states that a finished run can be in, in the order in which they are told."""
NAMES = {state.value.lower(): state for state in STATES}
FOREVER = ("never", "off", "none")
LEAST = HOUR
"""Nothing goes sooner: `30m` was meant to be thirty months, and a process may still look."""
MOST = 36_500 * DAY
DEFAULT = "completed=30d,failed=90d,cancelled=30d,crashed=90d"

Rules = Mapping[StateType, int | None]
"""For each state a run can end in: how long it is kept, microseconds; None is for ever."""


class Removed(NamedTuple):
    """What has gone, or would go."""

    runs: int = 0
    """Flow runs, those that others called included."""
    task_runs: int = 0
    log_lines: int = 0
    result_files: int = 0
    result_bytes: int = 0
    """Of the files."""
    cache_keys: int = 0
    """That had expired."""
    processes: int = 0
    """That are dead, and that nothing speaks of any more."""
    more: bool = False
    """Whether there is something left to be removed now."""

    def plus(self, other: Removed) -> Removed:
        """Both together; whether there is more is for the later one to say.

        Example:
            >>> Removed(runs=1, more=True).plus(Removed(runs=2)).runs
            3
        """
        sums = map(operator.add, self[:-1], other[:-1])
        return Removed._make((*sums, other.more))


def parse(text: str, said_by: str = "NORIA_RETENTION") -> dict[StateType, int | None]:
    """The rules that a text asks for.

    Parameters:
        text: `completed=30d,failed=90d` by state, where a state that is not named is kept as by
            default; one span for all states, `30d`; or `never` for any of them.
        said_by: What holds the text, for the message.

    Raises:
        ConfigurationError: It cannot be understood; the message says which part, and what would do.

    Example:
        >>> describe(parse("completed=12h, failed=never"))
        'completed=12h,failed=never,cancelled=30d,crashed=90d'
    """
    if "=" not in text:
        return dict.fromkeys(STATES, _age(text, text, said_by))
    rules: dict[StateType, int | None] = {}
    for part in text.split(","):
        name, found, age = part.partition("=")
        state = state_of(name, said_by)
        if not found:
            raise ConfigurationError(
                f"{said_by} has {part.strip()!r}; expected an age after it: {name.strip()}=30d."
            )
        if state in rules:
            raise ConfigurationError(
                f"{said_by} is {text!r} and names {name.strip()} twice; name each state once."
            )
        rules[state] = _age(age, part, said_by)
    return {state: rules[state] if state in rules else _DEFAULTS[state] for state in STATES}


def state_of(name: str, said_by: str) -> StateType:
    """The state that a name means.

    Raises:
        ConfigurationError: It means none that a run can end in.
    """
    state = NAMES.get(name.strip().lower())
    if state is None:
        raise ConfigurationError(
            f"{said_by} has the state {name.strip()!r}; a run ends in one of {', '.join(NAMES)}."
        )
    return state


def describe(rules: Rules) -> str:
    """Rules as they can be given."""
    return ",".join(f"{state.value.lower()}={age_text(rules.get(state))}" for state in STATES)


def age_text(age: int | None) -> str:
    """How long, as it can be given."""
    return FOREVER[0] if age is None else span_text(age)


def cutoffs(rules: Rules, now: int) -> dict[StateType, int]:
    """Until when a run must have ended to be removed, by state; not those kept for ever.

    Example:
        >>> cutoffs({StateType.FAILED: 10, StateType.COMPLETED: None}, now=15)
        {StateType.FAILED: 5}
    """
    return {
        state: now - min(age, MOST) for state in STATES if (age := rules.get(state)) is not None
    }


def _age(text: str, part: str, said_by: str) -> int | None:
    if text.strip().lower() in FOREVER:
        return None
    age = parse_span(text)
    if age is None:
        raise ConfigurationError(
            f"{said_by} has {part.strip()!r}; expected an age such as 30d, 12h or 1d12h, or never."
        )
    if not LEAST <= age <= MOST:
        raise ConfigurationError(
            f"{said_by} has {part.strip()!r}; expected between {span_text(LEAST)} and "
            f"{span_text(MOST)}, or never."
        )
    return age


_DEFAULTS: Rules = {
    StateType.COMPLETED: 30 * DAY,
    StateType.FAILED: 90 * DAY,
    StateType.CANCELLED: 30 * DAY,
    StateType.CRASHED: 90 * DAY,
}
