"""Calling the user's hooks: none of them changes how the run ended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from noria.core.outcomes import describe_exception
from noria.engine.effects import Effect, Hook

Say = Callable[[str], object]
"""Takes a sentence for the run's log."""


def call_hooks(
    hooks: Iterable[Callable[..., Any]], arguments: tuple[Any, ...], say: Say
) -> Generator[Effect, Any, None]:
    """Call hooks one after another, with the same arguments; what they raise is logged."""
    for hook in hooks:
        try:
            yield Hook(hook, *arguments)
        except Exception as exc:  # noqa: BLE001 - whatever a hook raises, the run has ended
            name = getattr(hook, "__name__", repr(hook))
            say(f"An error was encountered while running hook {name!r}: {describe_exception(exc)}")
