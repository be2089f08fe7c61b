"""The steps of the pipeline. Each does one thing, mostly by calling one plain function."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd

from examples.flights import aggregate, database, report, source, transform, validate
from examples.flights.files import read_frame, write_frame
from examples.flights.model import WHOLE_YEAR, Enriched, Partition, Validated
from examples.flights.progress import announce
from noria import get_run_logger, task
from noria.exceptions import TemporaryError
from noria.tasks import exponential_backoff, task_input_hash

#: Names of the two files that a run leaves in its folder.
DATABASE = "flights.db"
REPORT = "report.md"


@task(name="extract table", task_run_name="extract {table}", tags=["extract"])
def extract_table(table: str, workdir: Path) -> Partition:
    """Copy one small table from its source.

    Args:
        table: `airlines`, `airports` or `planes`.
        workdir: Folder of the run.

    Returns:
        The raw table.
    """
    return write_frame(workdir / "raw", table, WHOLE_YEAR, source.read_table(table))


@task(name="extract flights", task_run_name="extract flights", tags=["extract"])
def extract_flights(months: list[int], workdir: Path) -> list[Partition]:
    """Part the one large file of flights into months.

    Args:
        months: The months wanted, 1 to 12.
        workdir: Folder of the run.

    Returns:
        The raw flights, one partition for each month.
    """
    frames = source.read_flights(months)
    total = sum(len(frame) for frame in frames.values())
    get_run_logger().info("%s flights read, months: %d", f"{total:,}", len(frames))
    return [write_frame(workdir / "raw", "flights", month, frames[month]) for month in months]


@task(
    name="fetch weather",
    task_run_name="fetch weather 2013-{month:02d}",
    tags=["extract"],
    retries=3,
    retry_delay_seconds=exponential_backoff(0.1),
    retry_jitter_factor=0.5,
    retry_on=(TemporaryError,),
)
def fetch_weather(month: int, workdir: Path) -> Partition:
    """Ask the weather service, which is not always there, for a month.

    Args:
        month: 1 to 12.
        workdir: Folder of the run.

    Returns:
        The raw observations of the month.

    Raises:
        TemporaryError: The service was unavailable; only this error is worth another try.
    """
    observations = source.weather_service.observations(month)
    return write_frame(workdir / "raw", "weather", month, observations)


@task(name="validate", task_run_name="validate {raw.label}", tags=["validate"])
def validate_rows(raw: Partition, workdir: Path) -> Validated:
    """Set aside the rows that break a rule, and count them.

    Args:
        raw: A partition as it was extracted.
        workdir: Folder of the run.

    Returns:
        The good rows and the others.
    """
    announce(f"validate {raw.label}")
    rules = validate.RULES[raw.table]
    good, rejects = validate.set_aside(read_frame(raw), raw.table, raw.month, rules)
    reasons = validate.count_reasons(rejects)
    return Validated(
        good=write_frame(workdir / "valid", raw.table, raw.month, good),
        rejects=write_frame(workdir / "rejects", raw.table, raw.month, rejects),
        reasons=reasons,
    )


@task(name="clean", task_run_name="clean {validated.label}", tags=["clean"])
def clean(validated: Validated, workdir: Path) -> Partition:
    """Bring the good rows of a table into the form that the rest works with.

    Args:
        validated: A partition after validation.
        workdir: Folder of the run.

    Returns:
        The cleaned rows.
    """
    good = validated.good
    announce(f"clean {good.label}")
    frame = transform.CLEANERS[good.table](read_frame(good))
    return write_frame(workdir / "clean", good.table, good.month, frame)


@task(name="enrich", task_run_name="enrich {flights.label}", tags=["enrich"])
def enrich(
    flights: Partition,
    weather: Partition,
    planes: Partition,
    airlines: Partition,
    airports: Partition,
    workdir: Path,
) -> Enriched:
    """Join weather, plane, airline and destination to a month of flights.

    Args:
        flights: Cleaned flights of a month.
        weather: Cleaned weather of the same month.
        planes: Cleaned planes.
        airlines: Cleaned airlines.
        airports: Cleaned airports.
        workdir: Folder of the run.

    Returns:
        The joined flights, and how many a join found nothing for.
    """
    announce(f"enrich {flights.label}")
    frame, unmatched = transform.join_all(
        read_frame(flights),
        weather=read_frame(weather),
        planes=read_frame(planes),
        airlines=read_frame(airlines),
        airports=read_frame(airports),
    )
    joined = write_frame(workdir / "enriched", "flights", flights.month, frame)
    return Enriched(flights=joined, unmatched=unmatched)


@task(name="summarise", task_run_name="summarise {enriched.label}", tags=["aggregate"])
def summarise(enriched: Enriched) -> pd.DataFrame:
    """Sum a month by route, hour, carrier and weather.

    Args:
        enriched: A month of joined flights.

    Returns:
        Some hundred rows, as `aggregate.delays_by` makes them.
    """
    announce(f"summarise {enriched.label}")
    frame = read_frame(enriched.flights)
    parts = [aggregate.delays_by(frame, dimension) for dimension in aggregate.DIMENSIONS]
    return pd.concat(parts, ignore_index=True)


@task(name="histogram", task_run_name="histogram {enriched.label}", tags=["aggregate"])
def count_delays(enriched: Enriched) -> pd.DataFrame:
    """Count the flights of a month by carrier and minute of delay.

    Args:
        enriched: A month of joined flights.

    Returns:
        The histogram, small enough to be handed on and hashed.
    """
    announce(f"histogram {enriched.label}")
    return aggregate.delay_histogram(read_frame(enriched.flights))


@task(
    name="carrier intervals",
    task_run_name="carrier intervals 2013-{month:02d}",
    tags=["aggregate"],
    cache_key_fn=task_input_hash,
    cache_expiration=timedelta(hours=12),
)
def carrier_intervals(histogram: pd.DataFrame, month: int, samples: int) -> pd.DataFrame:
    """Find how sure each carrier's mean delay is. The expensive step, hence cached by content.

    Args:
        histogram: Flights of a month by carrier and minute of delay.
        month: 1 to 12.
        samples: How many times the month is drawn again.

    Returns:
        Mean delay and 95 % range, by carrier.
    """
    announce(f"carrier intervals 2013-{month:02d}")
    return aggregate.carrier_intervals(histogram, samples)


@task(name="prepare database", task_run_name="prepare database", tags=["load"])
def prepare_database(workdir: Path) -> Path:
    """Make the database and the tables that are missing in it.

    Args:
        workdir: Folder of the run.

    Returns:
        The SQLite file: who is handed it may load.
    """
    path = workdir / DATABASE
    database.prepare(path)
    return path


@task(name="load table", task_run_name="load {cleaned.label}", tags=["load"])
def load_table(path: Path, cleaned: Partition, validated: Validated) -> int:
    """Load a table that has no months, in place of what was there.

    Args:
        path: The SQLite file, prepared.
        cleaned: The rows.
        validated: Where the rows set aside are.

    Returns:
        Number of rows loaded.
    """
    frame, rejects = read_frame(cleaned), read_frame(validated.rejects)
    return database.replace_table(path, cleaned.table, frame, rejects)


@task(name="load month", task_run_name="load {enriched.label}", tags=["load"])
def load_month(
    path: Path,
    enriched: Enriched,
    summary: pd.DataFrame,
    intervals: pd.DataFrame,
    flights: Validated,
    weather: Validated,
) -> int:
    """Load all that is known of a month in one transaction, in place of what was there.

    Args:
        path: The SQLite file, prepared.
        enriched: The joined flights.
        summary: The sums of the month.
        intervals: The carriers' ranges of the month.
        flights: Where the flights set aside are.
        weather: Where the observations set aside are.

    Returns:
        Number of rows loaded.
    """
    announce(f"load {enriched.label}")
    rejects = [read_frame(flights.rejects), read_frame(weather.rejects)]
    tables = {
        "flights": read_frame(enriched.flights),
        "delays": summary,
        "carrier_intervals": intervals,
        "rejects": pd.concat(rejects, ignore_index=True),
        "unmatched": pd.DataFrame(list(enriched.unmatched.items()), columns=["source", "flights"]),
    }
    return database.replace_month(path, enriched.flights.month, tables)


@task(name="compose report", task_run_name="compose report", tags=["report"])
def compose_report(path: Path, loaded: list[int]) -> str:
    """Write the report from what was loaded.

    Args:
        path: The SQLite file, prepared.
        loaded: Rows loaded by each load; the report needs them all to have ended.

    Returns:
        The report as Markdown.
    """
    logger = get_run_logger()
    logger.info("%s rows in the database", f"{sum(loaded):,}")
    aside = report.count_rejects(path)
    logger.warning("%s rows set aside", f"{sum(aside.values()):,}", extra={"reasons": aside})
    return report.compose(path)


@task(name="save report", task_run_name="save report", tags=["report"])
def save_report(text: str, workdir: Path) -> Path:
    """Write the report to its file, in place of an earlier one.

    Args:
        text: The report.
        workdir: Folder of the run.

    Returns:
        Path of the report.
    """
    path = workdir / REPORT
    path.write_text(text, encoding="utf-8")
    return path
