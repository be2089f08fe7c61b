"""Sums over a month of flights, and an honest range around a mean."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: The industry's mark: a flight is late from fifteen minutes on.
LATE_MINUTES = 15

#: What a month is summed by, and the columns that make the key.
DIMENSIONS: dict[str, list[str]] = {
    "route": ["origin", "dest"],
    "hour": ["scheduled_hour"],
    "carrier": ["carrier"],
    "weather": ["weather"],
}


def delays_by(enriched: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """Sum one month by route, hour, carrier or weather.

    Only counts and sums are kept, no means: those of several months can be added.

    Args:
        enriched: A month of joined flights.
        dimension: A key of `DIMENSIONS`.

    Returns:
        Columns `dimension`, `key`, `flights`, `cancelled`, `arrived`, `late`, `delay_minutes`.

    Example:
        >>> month = pd.DataFrame({"carrier": ["UA", "UA"], "cancelled": [False, True]})
        >>> sums = delays_by(month.assign(arrival_delay=[20.0, None]), "carrier")
        >>> sums[["key", "flights", "cancelled", "late"]].to_dict("records")
        [{'key': 'UA', 'flights': 2, 'cancelled': 1, 'late': 1}]
    """
    columns = DIMENSIONS[dimension]
    key = enriched[columns[0]].astype(str)
    for column in columns[1:]:
        key = key + " → " + enriched[column].astype(str)
    measures = pd.DataFrame(
        {
            "dimension": dimension,
            "key": key,
            "flights": 1,
            "cancelled": enriched["cancelled"].astype(int),
            "arrived": enriched["arrival_delay"].notna().astype(int),
            "late": (enriched["arrival_delay"] >= LATE_MINUTES).astype(int),
            "delay_minutes": enriched["arrival_delay"].fillna(0.0),
        }
    )
    return measures.groupby(["dimension", "key"], as_index=False).sum()


def delay_histogram(enriched: pd.DataFrame) -> pd.DataFrame:
    """Count the flights of a month by carrier and minute of arrival delay.

    Args:
        enriched: A month of joined flights.

    Returns:
        Columns `carrier`, `delay` (minutes), `flights`: all that an interval needs, and small.

    Example:
        >>> month = pd.DataFrame({"carrier": ["UA", "UA"], "arrival_delay": [5.0, 5.0]})
        >>> delay_histogram(month).to_dict("records")
        [{'carrier': 'UA', 'delay': 5, 'flights': 2}]
    """
    arrived = enriched.loc[enriched["arrival_delay"].notna(), ["carrier", "arrival_delay"]]
    counts = arrived.groupby(["carrier", "arrival_delay"], as_index=False).size()
    counts.columns = pd.Index(["carrier", "delay", "flights"])
    return counts.astype({"delay": "int64"})


def bootstrap_interval(
    values: np.ndarray, counts: np.ndarray, samples: int, seed: int
) -> tuple[float, float]:
    """Find the range that holds the mean of a histogram with 95 % confidence.

    The same month is drawn again and again from its own flights; the range holds the middle 95 %
    of the means. The seed makes the same histogram give the same range.

    Args:
        values: The value of each bar.
        counts: The height of each bar.
        samples: How many times to draw; the cost grows with it.
        seed: Start of the random numbers.

    Returns:
        Lower and upper end, in the unit of `values`.

    Example:
        >>> bootstrap_interval(np.array([7]), np.array([3]), samples=10, seed=1)
        (7.0, 7.0)
    """
    total = int(counts.sum())
    draws = np.random.default_rng(seed).multinomial(total, counts / total, size=samples)
    low, high = np.quantile(draws @ values / total, [0.025, 0.975])
    return round(float(low), 3), round(float(high), 3)


def carrier_intervals(histogram: pd.DataFrame, samples: int) -> pd.DataFrame:
    """Give each carrier's mean delay of a month with its 95 % interval.

    Args:
        histogram: What `delay_histogram` returned.
        samples: How many times each month is drawn again.

    Returns:
        Columns `carrier`, `arrived`, `mean`, `low`, `high`; delays in minutes.
    """
    rows = []
    for carrier, bars in histogram.groupby("carrier"):
        values, counts = bars["delay"].to_numpy(), bars["flights"].to_numpy()
        low, high = bootstrap_interval(values, counts, samples, seed=2013)
        mean = round(float(values @ counts / counts.sum()), 3)
        rows.append((str(carrier), int(counts.sum()), mean, low, high))
    return pd.DataFrame(rows, columns=["carrier", "arrived", "mean", "low", "high"])
