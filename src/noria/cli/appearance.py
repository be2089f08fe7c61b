"""How each state looks: its shape says as much as its colour."""

from __future__ import annotations

from noria.console.phrases import CACHED_GLYPH, FALLBACK_GLYPH, GLYPHS
from noria.core.records import GroupCount
from noria.core.states import Name, StateType, default_name

_NAMED_GLYPHS = {
    Name.CACHED: CACHED_GLYPH,
    Name.FALLBACK: FALLBACK_GLYPH,
    Name.LATE: ("◷", "warn"),
}

# The worst thing that happened to a group's calls is what its line shows.
_WORST_FIRST = (
    (GroupCount.CRASHED, StateType.CRASHED, None),
    (GroupCount.FAILED, StateType.FAILED, None),
    (GroupCount.CANCELLED, StateType.CANCELLED, None),
    (GroupCount.RUNNING, StateType.RUNNING, None),
    (GroupCount.RETRYING, StateType.SCHEDULED, Name.AWAITING_RETRY),
    (GroupCount.NOT_READY, StateType.PENDING, Name.NOT_READY),
    (GroupCount.PENDING, StateType.PENDING, None),
    (GroupCount.COMPLETED, StateType.COMPLETED, None),
    (GroupCount.CACHED, StateType.COMPLETED, Name.CACHED),
)


def glyph(kind: StateType, name: str | None = None) -> tuple[str, str]:
    """The sign of a state and the style it is shown in."""
    return _NAMED_GLYPHS.get(name or "", GLYPHS[kind])


def state_name(kind: StateType, name: str | None) -> str:
    """The name people see."""
    return name or default_name(kind)


def labelled(kind: StateType, name: str | None) -> str:
    """The sign and the name of a state."""
    return f"{glyph(kind, name)[0]} {state_name(kind, name)}"


def group_state(counts: tuple[int, ...]) -> tuple[StateType, str | None]:
    """The state that stands for a group."""
    for position, kind, name in _WORST_FIRST:
        if counts[position]:
            return kind, name
    return StateType.PENDING, None
