"""What the tasks hand to each other: small descriptions of tables that lie in files.

A month of flights is some megabytes, a description of it some bytes. Passing the description keeps
every stored result small, so that a killed run can be resumed without computing it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

#: Stands for the month in a table that has no months, such as the airlines.
WHOLE_YEAR = 0


@dataclass(frozen=True)
class Partition:
    """One month of one table, or a whole small table, in a file.

    Args:
        table: Name of the table, for example `flights`.
        month: 1 to 12, or `WHOLE_YEAR`.
        folder: Where the file is.
        rows: Number of rows in the file.
    """

    table: str
    month: int
    folder: Path
    rows: int

    @property
    def path(self) -> Path:
        """The file; `files.read_frame` reads it.

        The folder is kept rather than the file, since a `Path` to a file counts by what is in the
        file when calls are compared, and these are megabytes.
        """
        month = "" if self.month == WHOLE_YEAR else f"-2013-{self.month:02d}"
        return self.folder / f"{self.table}{month}.pkl"

    @property
    def label(self) -> str:
        """A short name for people: `flights 2013-01`, or `airlines`."""
        return self.table if self.month == WHOLE_YEAR else f"{self.table} 2013-{self.month:02d}"


@dataclass(frozen=True)
class Validated:
    """A partition parted in two: the rows to work with, and the rows set aside.

    Args:
        good: The rows that broke no rule.
        rejects: The rows that did, each with its reason and its original content.
        reasons: Number of rows set aside, by reason.
    """

    good: Partition
    rejects: Partition
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name of the partition that was validated."""
        return self.good.label


@dataclass(frozen=True)
class Enriched:
    """A month of flights with weather, plane, airline and airport joined to it.

    Args:
        flights: The joined rows, one for each flight that went in.
        unmatched: Number of flights for which a join found nothing, by table joined.
    """

    flights: Partition
    unmatched: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name of the month of flights."""
        return self.flights.label
