"""The rules a row must keep, and the setting aside of rows that break one.

Nothing is dropped: a row that breaks a rule is kept with its reason, and the report counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

#: Faster than any airliner that flies from New York, with the wind behind it.
FASTEST_MPH = 600
SHORTEST_ROUTE_MILES = 50
#: The strongest gust ever measured at the three airports is well below.
STRONGEST_WIND_MPH = 150

REJECT_COLUMNS = ["source", "month", "reason", "content"]


@dataclass(frozen=True)
class Rule:
    """One way for a row to be wrong.

    Args:
        reason: What to call it in the report, as a short phrase.
        broken: From all rows of a table to a mask: true where the rule is broken.
    """

    reason: str
    broken: Callable[[pd.DataFrame], pd.Series[bool]]


def missing(*columns: str) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """Make a check that is true for rows in which any of the columns is empty.

    Args:
        columns: Names of columns.

    Returns:
        A check for `Rule`.

    Example:
        >>> missing("a")(pd.DataFrame({"a": [1, None]})).tolist()
        [False, True]
    """
    return lambda frame: frame[list(columns)].isna().any(axis=1)


def repeated(*columns: str) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """Make a check that is true for rows whose key stood in an earlier row.

    Args:
        columns: Names of the columns that make the key.

    Returns:
        A check for `Rule`.

    Example:
        >>> repeated("a")(pd.DataFrame({"a": [1, 2, 1]})).tolist()
        [False, False, True]
    """
    return lambda frame: frame.duplicated(list(columns))


RULES: dict[str, list[Rule]] = {
    "flights": [
        Rule("no carrier, number or airport", missing("carrier", "flight", "origin", "dest")),
        Rule("flight listed twice", repeated("month", "day", "carrier", "flight", "origin")),
        Rule("too short to be a route", lambda f: f["distance"] < SHORTEST_ROUTE_MILES),
        # Flights that never left are kept: being cancelled is not being wrong.
        Rule("left, arrival not recorded", lambda f: f["dep_time"].notna() & f["arr_time"].isna()),
        Rule("landed, delay not recorded", lambda f: f["arr_time"].notna() & f["air_time"].isna()),
        Rule("impossibly fast", lambda f: f["distance"] > FASTEST_MPH * f["air_time"] / 60),
    ],
    "weather": [
        Rule("hour listed twice", repeated("origin", "time_hour")),
        Rule("no temperature or no wind", missing("temp", "wind_speed")),
        Rule("impossible wind", lambda f: f["wind_speed"] > STRONGEST_WIND_MPH),
    ],
    "airlines": [Rule("no code or no name", missing("carrier", "name"))],
    "airports": [
        Rule("code listed twice", repeated("faa")),
        Rule("no time zone", missing("tzone")),
    ],
    "planes": [Rule("tail number listed twice", repeated("tailnum"))],
}


def set_aside(
    frame: pd.DataFrame, table: str, month: int, rules: Sequence[Rule]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part the good rows of a table from those that break a rule.

    Args:
        frame: The rows.
        table: Name of the table, noted with each row set aside.
        month: Month of the rows, noted likewise.
        rules: The rules; a row that breaks several is set aside for the first.

    Returns:
        The good rows as they were; and the others with the columns `REJECT_COLUMNS`, `content`
        being the original row as JSON.

    Example:
        >>> rows = pd.DataFrame({"carrier": ["UA", None], "name": ["United", "?"]})
        >>> good, rejects = set_aside(rows, "airlines", 0, RULES["airlines"])
        >>> len(good), rejects["reason"].tolist()
        (1, ['no code or no name'])
    """
    reason = pd.Series(pd.NA, index=frame.index, dtype="string")
    for rule in rules:
        reason = reason.mask(rule.broken(frame) & reason.isna(), rule.reason)
    bad = frame[reason.notna()]
    text = bad.to_json(orient="records", lines=True, force_ascii=False)
    lines = [line for line in text.split("\n") if line]
    rejects = pd.DataFrame(
        {"source": table, "month": month, "reason": reason[reason.notna()], "content": lines},
        columns=REJECT_COLUMNS,
    )
    return frame[reason.isna()].reset_index(drop=True), rejects.reset_index(drop=True)


def count_reasons(rejects: pd.DataFrame) -> dict[str, int]:
    """Count the rows set aside.

    Args:
        rejects: What `set_aside` returned second.

    Returns:
        Number of rows by reason, the most frequent first.

    Example:
        >>> count_reasons(pd.DataFrame({"reason": ["b", "a", "b"]}))
        {'b': 2, 'a': 1}
    """
    return {str(reason): int(rows) for reason, rows in rejects["reason"].value_counts().items()}
