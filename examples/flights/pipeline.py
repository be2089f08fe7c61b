"""Delays of all flights from New York City in 2013, from five raw tables to a report.

    extract → validate → clean → enrich → aggregate → load → report

Run it with `noria run examples/flights/pipeline.py`, or some months of it with
`noria run examples/flights/pipeline.py -p months=[1,2]`.
"""

from __future__ import annotations

from pathlib import Path

from examples.flights.tasks import (
    carrier_intervals,
    clean,
    compose_report,
    count_delays,
    enrich,
    extract_flights,
    extract_table,
    fetch_weather,
    load_month,
    load_table,
    prepare_database,
    save_report,
    summarise,
    validate_rows,
)
from noria import flow, unmapped
from noria.task_runners import ThreadPoolTaskRunner

TABLES = ["airlines", "airports", "planes"]


@flow(name="flights", task_runner=ThreadPoolTaskRunner(max_workers=2))
def flights_pipeline(
    months: list[int] | None = None,
    workdir: Path = Path(".flights"),
    samples: int = 1000,
    refresh: bool = False,
) -> Path:
    """Fill a database with the flights of some months and write a report of their delays.

    It may be run again over the same folder: every file and every load replaces the earlier one.

    Args:
        months: The months, 1 to 12; all of the year if not given.
        workdir: Folder for the files between the steps, the database and the report.
        samples: How often the expensive step draws each month again.
        refresh: Compute the expensive step anew even if its result is in the cache.

    Returns:
        Path of the report. The database is `flights.db` beside it.

    Raises:
        ValueError: A month is not one of the twelve, or stands twice.
    """
    wanted = check_months(months)
    folder = unmapped(workdir)
    database = prepare_database(workdir)

    raw_tables = extract_table.map(TABLES, folder)
    valid_tables = validate_rows.map(raw_tables, folder)
    clean_tables = clean.map(valid_tables, folder)
    airlines, airports, planes = clean_tables

    raw_weather = fetch_weather.map(wanted, folder)
    valid_weather = validate_rows.map(raw_weather, folder)
    clean_weather = clean.map(valid_weather, folder)

    raw_flights = extract_flights(wanted, workdir)
    valid_flights = validate_rows.map(raw_flights, folder)
    clean_flights = clean.map(valid_flights, folder)

    enriched = enrich.map(
        clean_flights,
        clean_weather,
        planes=unmapped(planes),
        airlines=unmapped(airlines),
        airports=unmapped(airports),
        workdir=folder,
    )
    summaries = summarise.map(enriched)
    histograms = count_delays.map(enriched)
    intervals = carrier_intervals.with_options(refresh_cache=refresh).map(
        histograms, wanted, unmapped(samples)
    )

    # SQLite takes one writer at a time: called, not mapped, the loads come one after the other,
    # while the later months are still in work.
    loaded = [
        load_table(database, *table) for table in zip(clean_tables, valid_tables, strict=True)
    ]
    loaded += [
        load_month(database, *month)
        for month in zip(enriched, summaries, intervals, valid_flights, valid_weather, strict=True)
    ]
    written: Path = save_report(compose_report(database, loaded), workdir)
    return written


def check_months(months: list[int] | None) -> list[int]:
    """Say which months are meant.

    Args:
        months: Some months, or nothing for all.

    Returns:
        The months in the order of the year.

    Raises:
        ValueError: A month is not one of the twelve, or stands twice.

    Example:
        >>> check_months([3, 1])
        [1, 3]
    """
    if months is None:
        return list(range(1, 13))
    if not months or len(set(months)) < len(months) or not set(months) <= set(range(1, 13)):
        raise ValueError(
            f"months should be some of the numbers 1 to 12, each once, but is {months}. "
            "For example: -p months=[1,2,3]"
        )
    return sorted(months)


if __name__ == "__main__":
    print(flights_pipeline())
