"""Exceptions as people should see them: their own frames, without Noria's insides."""

from __future__ import annotations

import os
import types
from collections.abc import Iterator
from typing import Any

from noria.core.previews import preview
from noria.core.redaction import redactor

_OWN_ERRORS = "noria.core.errors"
LIMIT = 16_000
"""Characters of a formatted traceback; the middle is left out beyond."""
_MESSAGE_LIMIT = 2_000
_CHAIN_LIMIT = 10
_FRAMES = 40
# Noria's own package, whatever its name and place.
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_FROZEN = "<frozen "
"""What the names of files begin with that Python has within itself, such as the import system."""
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"

Link = tuple[BaseException, str]
"""An exception, and how the one before it in the chain led to it ("" for the first)."""


def is_own(path: str) -> bool:
    """Whether a source file belongs to Noria."""
    return path.startswith(_OWN)


def user_traceback(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback without Noria's frames, wherever they stand between the user's.

    For re-raising to the user: `exc.__traceback__ = user_traceback(exc.__traceback__)`. It is given
    back whole when all frames are Noria's, since then they are what there is to see.
    """
    frames = []
    found = traceback
    while found is not None:
        if not is_own(found.tb_frame.f_code.co_filename):
            frames.append(found)
        found = found.tb_next
    kept: types.TracebackType | None = None
    for frame in reversed(frames):
        kept = types.TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept or traceback


def user_frame(exc: BaseException) -> str | None:
    """Where the user's code was: `file.py:12 in load`; None when none of it took part.

    The innermost frame of the program itself; one of a library only when there is no other.
    """
    found: tuple[types.CodeType, int] | None = None
    library: tuple[types.CodeType, int] | None = None
    for code, line in _frames(exc.__traceback__):
        if is_program(code.co_filename):
            found = code, line
        elif not code.co_filename.startswith(_FROZEN):
            library = code, line
    if found or library:
        code, line = found or library  # type: ignore[misc]
        return f"{os.path.basename(code.co_filename)}:{line} in {code.co_name}"
    return None


def error_facts(exc: BaseException, user_frame: str | None = None) -> dict[str, Any]:
    """An exception as a JSON-able dict for the record; never raises.

    Parameters:
        exc: The exception.
        user_frame: Where the user's code was, when that is known better than the traceback tells.

    Returns:
        `type` (qualified unless builtin), `message`, `frame` (`file.py:12 in load`, or None),
        `traceback` (formatted, without Noria's frames, causes kept), `causes` (type and message
        of each exception that led to this one, the nearest first; left out when there are none).
    """
    chain = _chain(exc)
    facts: dict[str, Any] = {
        "type": type_name(exc),
        "message": message(exc),
        "frame": user_frame or _frame_of(chain),
        "traceback": format_exception(exc),
    }
    causes = [f"{type_name(each)}: {message(each)}" for each, _ in reversed(chain[:-1])]
    if causes:
        facts["causes"] = causes
    return facts


def format_exception(exc: BaseException, limit: int = LIMIT) -> str:
    """The traceback as Python prints it, without Noria's frames; causes kept, size bounded.

    Parameters:
        exc: The exception.
        limit: Length of the text, characters.
    """
    blocks: list[str] = []
    for each, link in _chain(exc):
        if link:
            blocks.append(f"\n{link}\n\n")
        blocks.append("".join(_format_one(each)))
    text = redactor.mask("".join(blocks))
    if len(text) > limit:
        kept = (limit - 40) // 2
        text = (
            f"{text[:kept]}\n  ... {len(text) - 2 * kept} characters left out ...\n{text[-kept:]}"
        )
    return _sound(text)


def type_name(exc: BaseException) -> str:
    """The exception's type: plain for a builtin, the user's script or Noria, else qualified."""
    cls = type(exc)
    if cls.__module__ in ("builtins", "__main__", "__mp_main__", _OWN_ERRORS):
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def message(exc: BaseException) -> str:
    """The exception's text, bounded; says so when the exception cannot tell it."""
    try:
        text = str(exc)
    except Exception as problem:  # noqa: BLE001 - the user's own __str__ may raise anything
        return f"<{type(exc).__name__} whose text cannot be read: {type(problem).__name__}>"
    text = redactor.head(text, _MESSAGE_LIMIT + 1)
    return _sound(text if len(text) <= _MESSAGE_LIMIT else text[: _MESSAGE_LIMIT - 1] + "…")


def _chain(exc: BaseException) -> list[Link]:
    """The exception with those that led to it, the first cause first."""
    links: list[Link] = []
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen and len(links) < _CHAIN_LIMIT:
        seen.add(id(current))
        before, link = current.__cause__, _CAUSE
        if before is None and not current.__suppress_context__:
            before, link = current.__context__, _CONTEXT
        links.append((current, link if before is not None else ""))
        current = before
    links.reverse()
    links[0] = (links[0][0], "")
    return links


def _frame_of(chain: list[Link]) -> str | None:
    for each, _ in reversed(chain):
        frame = user_frame(each)
        if frame is not None:
            return frame
    return None


def _frames(traceback: types.TracebackType | None) -> Iterator[tuple[types.CodeType, int]]:
    """Code and line of the frames that are not Noria's, outermost first."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not is_own(code.co_filename):
            yield code, traceback.tb_lineno
        traceback = traceback.tb_next


def is_program(path: str) -> bool:
    """Whether a file is the user's own: neither the standard library's nor an installed one."""
    return not (
        path.startswith(("<frozen ", _STDLIB))
        or f"{os.sep}site-packages{os.sep}" in path
        or f"{os.sep}dist-packages{os.sep}" in path
    )


_STDLIB = os.path.dirname(os.__file__) + os.sep


def _format_one(exc: BaseException) -> Iterator[str]:
    """One exception of a chain, in the form that Python itself prints."""
    import linecache

    frames = list(_frames(exc.__traceback__))
    if frames:
        yield "Traceback (most recent call last):\n"
    for place, (code, line) in enumerate(frames):
        if len(frames) > _FRAMES and place == _FRAMES // 2:
            yield f"  ... {len(frames) - _FRAMES} frames left out ...\n"
        if _FRAMES // 2 <= place < len(frames) - _FRAMES // 2:
            continue
        yield f'  File "{code.co_filename}", line {line}, in {code.co_name}\n'
        source = linecache.getline(code.co_filename, line).strip()
        if source:
            yield f"    {source}\n"
    text = message(exc)
    yield f"{type_name(exc)}: {text}\n" if text else f"{type_name(exc)}\n"
    yield from _extras(exc)


def _extras(exc: BaseException) -> Iterator[str]:
    """Notes, and the members of a group."""
    for note in getattr(exc, "__notes__", None) or ():
        yield f"{note if isinstance(note, str) else preview(note)}\n"
    if isinstance(exc, BaseExceptionGroup):
        for place, member in enumerate(exc.exceptions[:_CHAIN_LIMIT], 1):
            yield f"  +---------------- {place} ----------------\n"
            for line in format_exception(member).splitlines():
                yield f"  | {line}\n"


def _sound(text: str) -> str:
    """A text that any store and any JSON reader takes: no lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
