"""The report: a page of Markdown made from the database alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

#: Routes with fewer arrivals are left out of the ranking: a mean of a few flights says little.
FEWEST_ARRIVALS = 50

OVERVIEW = """
SELECT count(DISTINCT month), count(*), sum(cancelled), avg(arrival_delay)
FROM flights
"""

WORST_ROUTES = """
SELECT key,
       sum(arrived),
       round(sum(delay_minutes) / sum(arrived), 1),
       round(100.0 * sum(late) / sum(arrived), 1)
FROM delays
WHERE dimension = 'route'
GROUP BY key
HAVING sum(arrived) >= ?
ORDER BY sum(delay_minutes) / sum(arrived) DESC, key
LIMIT 10
"""

BY_HOUR = """
SELECT printf('%02d:00', CAST(key AS INTEGER)),
       sum(flights),
       round(sum(delay_minutes) / sum(arrived), 1),
       round(100.0 * sum(late) / sum(arrived), 1)
FROM delays
WHERE dimension = 'hour'
GROUP BY key
HAVING sum(arrived) > 0
ORDER BY CAST(key AS INTEGER)
"""

BY_CARRIER = """
WITH worst AS (
    SELECT carrier, printf('2013-%02d: %.1f (%.1f to %.1f)', month, mean, low, high) AS words,
           row_number() OVER (PARTITION BY carrier ORDER BY mean DESC, month) AS place
    FROM carrier_intervals
)
SELECT coalesce(airlines.name, delays.key),
       sum(flights),
       round(sum(delay_minutes) / sum(arrived), 1),
       round(100.0 * sum(cancelled) / sum(flights), 1),
       coalesce(worst.words, '')
FROM delays
LEFT JOIN airlines ON airlines.carrier = delays.key
LEFT JOIN worst ON worst.carrier = delays.key AND worst.place = 1
WHERE dimension = 'carrier'
GROUP BY delays.key
HAVING sum(arrived) > 0
ORDER BY sum(delay_minutes) / sum(arrived) DESC, delays.key
"""

BY_WEATHER = """
SELECT key,
       sum(flights),
       round(sum(delay_minutes) / sum(arrived), 1),
       round(100.0 * sum(cancelled) / sum(flights), 1)
FROM delays
WHERE dimension = 'weather'
GROUP BY key
HAVING sum(arrived) > 0
ORDER BY sum(delay_minutes) / sum(arrived) DESC, key
"""

SET_ASIDE = """
SELECT source, reason, count(*)
FROM rejects
GROUP BY source, reason
ORDER BY count(*) DESC, source, reason
"""

UNMATCHED = """
SELECT source, sum(flights)
FROM unmatched
GROUP BY source
ORDER BY sum(flights) DESC, source
"""

Row = Sequence[object]


def table(header: Sequence[str], rows: Sequence[Row]) -> str:
    """Set rows as a Markdown table that is readable as plain text too.

    Args:
        header: Names of the columns.
        rows: The cells; numbers stand to the right.

    Returns:
        Lines of Markdown.

    Example:
        >>> print(table(["who", "n"], [("UA", 1200)]))
        | who |     n |
        |:----|------:|
        | UA  | 1,200 |
    """
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[column], int | float) for row in rows)
        for column in range(len(header))
    ]
    widths = [max(len(text) for text in column) for column in zip(header, *cells, strict=True)]

    def line(texts: Sequence[str]) -> str:
        set_texts = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        ]
        return f"| {' | '.join(set_texts)} |"

    rule = "|".join(
        "-" * (width + 1) + ":" if right else ":" + "-" * (width + 1)
        for width, right in zip(widths, numeric, strict=True)
    )
    return "\n".join([line(header), f"|{rule}|", *map(line, cells)])


def section(title: str, words: str, header: Sequence[str], rows: Sequence[Row]) -> str:
    """Set one section of the report.

    Args:
        title: Its heading.
        words: One sentence above the table.
        header: Names of the columns.
        rows: The cells.

    Returns:
        Lines of Markdown.
    """
    return f"## {title}\n\n{words}\n\n{table(header, rows)}\n"


def count_rejects(database: Path) -> dict[str, int]:
    """Count the rows set aside.

    Args:
        database: The SQLite file, loaded.

    Returns:
        Number of rows by reason, the most frequent first.
    """
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(SET_ASIDE).fetchall()
    return {f"{source}: {reason}": count for source, reason, count in rows}


def compose(database: Path) -> str:
    """Write the report of what the database holds.

    Args:
        database: The SQLite file, loaded.

    Returns:
        The whole report as Markdown.
    """
    with closing(sqlite3.connect(database)) as connection:

        def rows(query: str, *parameters: object) -> list[Row]:
            return list(connection.execute(query, parameters))

        months, flights, cancelled, delay = connection.execute(OVERVIEW).fetchone()
        aside = rows(SET_ASIDE)
        total_aside = connection.execute("SELECT count(*) FROM rejects").fetchone()[0]
        parts = [
            "# Flights from New York City, 2013\n",
            f"{flights:,} flights in {months} month{'' if months == 1 else 's'}, "
            f"{cancelled or 0:,} of them cancelled. "
            f"On average they arrived {delay or 0:.1f} minutes late. "
            f"{total_aside:,} rows were set aside.\n",
            section(
                "The worst routes",
                f"Mean arrival delay in minutes; routes with {FEWEST_ARRIVALS} arrivals or more.",
                ["route", "arrivals", "delay", "late %"],
                rows(WORST_ROUTES, FEWEST_ARRIVALS),
            ),
            section(
                "By hour",
                "Delays grow through the day: a late plane makes the next flight late.",
                ["scheduled", "flights", "delay", "late %"],
                rows(BY_HOUR),
            ),
            section(
                "By carrier",
                "With the carrier's worst month, and the 95 % range of that month's mean.",
                ["carrier", "flights", "delay", "cancelled %", "worst month"],
                rows(BY_CARRIER),
            ),
            section(
                "By weather",
                "Weather at the airport in the hour of the scheduled departure.",
                ["weather", "flights", "delay", "cancelled %"],
                rows(BY_WEATHER),
            ),
            section(
                f"Set aside: {total_aside:,} rows",
                "Kept in the table `rejects` with their content, and counted nowhere above.",
                ["table", "reason", "rows"],
                aside,
            ),
            section(
                "Joins that found nothing",
                "These flights are counted above, without what the join would have added.",
                ["table", "flights"],
                rows(UNMATCHED),
            ),
        ]
    return "\n".join(parts)
