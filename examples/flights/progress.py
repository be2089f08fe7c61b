"""A line for each step that really starts, for a program that watches the pipeline.

The demo uses it to choose the moment of the kill, and to count which steps ran twice. Without the
environment variable nothing is written.
"""

from __future__ import annotations

import os

#: Path of the file, or of a pipe as /dev/fd/N, to which the lines are written.
VARIABLE = "FLIGHTS_PROGRESS"


def announce(step: str) -> None:
    """Write that the body of a step begins.

    Args:
        step: Name of the task run, as the console shows it.
    """
    target = os.environ.get(VARIABLE)
    if target:
        # One short write to a file opened for appending is never mixed with another thread's.
        with open(target, "ab", buffering=0) as file:
            file.write(f"{step}\n".encode())
