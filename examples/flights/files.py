"""Tables in files: written whole or not at all, and read back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from examples.flights.model import Partition


def write_frame(folder: Path, table: str, month: int, frame: pd.DataFrame) -> Partition:
    """Write a table to a file of its own and describe it.

    The file appears under its name only when it is complete, so a process killed while writing
    leaves the previous file or none. Pickle keeps the column types and needs no further package.

    Args:
        folder: Where the file goes; made if it is missing.
        table: Name of the table.
        month: 1 to 12, or `WHOLE_YEAR`.
        frame: The rows.

    Returns:
        The description of the file.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_frame(folder, "airlines", 0, pd.DataFrame({"carrier": ["UA"]})).rows
        1
    """
    folder.mkdir(parents=True, exist_ok=True)
    partition = Partition(table=table, month=month, folder=folder, rows=len(frame))
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{table}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            frame.to_pickle(file, compression=None)
        Path(temporary).replace(partition.path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return partition


def read_frame(partition: Partition) -> pd.DataFrame:
    """Read the rows of a partition.

    Args:
        partition: What `write_frame` returned.

    Returns:
        The rows, with the column types they were written with.

    Raises:
        FileNotFoundError: The file has been removed since; the message says what to do.

    Example:
        >>> part = write_frame(Path(tempfile.mkdtemp()), "t", 1, pd.DataFrame({"a": [1, 2]}))
        >>> int(read_frame(part)["a"].sum())
        3
    """
    if not partition.path.exists():
        raise FileNotFoundError(
            f"The file of {partition.label} should be at {partition.path}, but it is gone. "
            "Run the flow again, or resume it from the task that writes the file: "
            "noria runs resume ID --from TASK"
        )
    frame = pd.read_pickle(partition.path)
    assert isinstance(frame, pd.DataFrame)
    return frame
