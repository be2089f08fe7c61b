"""Sentences for the user about the journal itself."""

from __future__ import annotations

import sys

from noria.core.redaction import redactor


def tell(text: str) -> None:
    """Write a line to stderr, if there is one."""
    try:
        sys.stderr.write(redactor.mask(f"noria: {text}") + "\n")
    except (OSError, ValueError, AttributeError):
        # No usable stderr: the records matter, the sentence does not.
        return
