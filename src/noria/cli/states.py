"""States as a person names them on the command line."""

from __future__ import annotations

from noria.cli.errors import CliError, Code, did_you_mean
from noria.core.states import StateType


def parse_states(text: str | None) -> list[StateType] | None:
    """The states that a comma separated list names; None for no list.

    Raises:
        CliError: A word is no state.
    """
    if text is None:
        return None
    return [_parse(word.strip()) for word in text.split(",") if word.strip()]


def _parse(word: str) -> StateType:
    try:
        return StateType(word.upper())
    except ValueError:
        known = [kind.value.lower() for kind in StateType]
        raise CliError(
            Code.USAGE,
            f"there is no state {word}",
            did_you_mean(word.lower(), known),
            f"states are {', '.join(known)}",
        ) from None
