"""Cleaning and joining: plain functions from frames to frames, with no files and no Noria."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

MAKERS = {"AIRBUS INDUSTRIE": "AIRBUS", "BOMBARDIER INC": "BOMBARDIER", "CANADAIR": "BOMBARDIER"}
FREEZING_F = 32.0
POOR_VISIBILITY_MILES = 3.0
STRONG_WIND_MPH = 25.0

NO_WEATHER = "no observation"

#: What the later steps count or load; the rest of the joined columns ends here.
JOINED_COLUMNS = [
    *("month", "day", "carrier", "flight", "origin", "dest", "tailnum", "scheduled_hour"),
    *("departure_delay", "arrival_delay", "air_time", "distance", "cancelled"),
    *("weather", "temp", "wind_speed", "plane_year", "seats", "airline", "destination"),
]


def minute_of_day(clock: pd.Series[float]) -> pd.Series[float]:
    """Turn clock times written as the number HHMM into minutes since midnight.

    Args:
        clock: Numbers from 0 to 2400; 2400 is midnight. Empty where there is no time.

    Returns:
        Minutes from 0 to 1439, empty where `clock` is.

    Example:
        >>> minute_of_day(pd.Series([517.0, 2400.0])).tolist()
        [317.0, 0.0]
    """
    return (clock // 100 * 60 + clock % 100) % (24 * 60)


def clean_flights(flights: pd.DataFrame) -> pd.DataFrame:
    """Give flights one kind of time, a cancelled mark, and only the columns that are used.

    Args:
        flights: Good rows of the table `flights`.

    Returns:
        One row for each; times are minutes since midnight, delays minutes, distances miles.
    """
    return pd.DataFrame(
        {
            "month": flights["month"],
            "day": flights["day"],
            "carrier": flights["carrier"].str.strip(),
            "flight": flights["flight"],
            "tailnum": flights["tailnum"],
            "origin": flights["origin"].str.strip(),
            "dest": flights["dest"].str.strip(),
            "scheduled_hour": flights["hour"],
            "departed": minute_of_day(flights["dep_time"]),
            "departure_delay": flights["dep_delay"],
            "arrival_delay": flights["arr_delay"],
            "air_time": flights["air_time"],
            "distance": flights["distance"],
            "cancelled": flights["dep_time"].isna(),
            "time_hour": flights["time_hour"],
        }
    )


def clean_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Name the kind of weather of each hour, the worst first.

    Args:
        weather: Good rows of the table `weather`.

    Returns:
        Airport, hour (UTC), kind of weather, and the measures it follows from.

    Example:
        >>> hour = {"origin": "JFK", "time_hour": "2013-01-01T10:00:00Z", "temp": 50.0}
        >>> hour |= {"wind_speed": 30.0, "precip": 0.0, "visib": 10.0}
        >>> clean_weather(pd.DataFrame([hour]))["weather"].tolist()
        ['strong wind']
    """
    wet = weather["precip"] > 0
    kind = pd.Series("fair", index=weather.index)
    kind = kind.mask(weather["wind_speed"] >= STRONG_WIND_MPH, "strong wind")
    kind = kind.mask(wet, "rain")
    kind = kind.mask(weather["visib"] < POOR_VISIBILITY_MILES, "poor visibility")
    kind = kind.mask(wet & (weather["temp"] <= FREEZING_F), "snow or ice")
    columns = ["origin", "time_hour", "temp", "wind_speed", "precip", "visib"]
    return weather[columns].assign(weather=kind)


def clean_planes(planes: pd.DataFrame) -> pd.DataFrame:
    """Give each maker of planes one name.

    Args:
        planes: Good rows of the table `planes`.

    Returns:
        Tail number, year of manufacture, maker, model and seats.

    Example:
        >>> plane = {"tailnum": "N1", "year": 2001, "manufacturer": "AIRBUS INDUSTRIE"}
        >>> plane |= {"model": "A320", "seats": 182}
        >>> clean_planes(pd.DataFrame([plane]))["maker"].tolist()
        ['AIRBUS']
    """
    maker = planes["manufacturer"].replace(MAKERS)
    maker = maker.mask(maker.str.startswith("MCDONNELL DOUGLAS"), "MCDONNELL DOUGLAS")
    return planes[["tailnum", "year", "model", "seats"]].assign(maker=maker)


def clean_airlines(airlines: pd.DataFrame) -> pd.DataFrame:
    """Trim the names of airlines.

    Args:
        airlines: Good rows of the table `airlines`.

    Returns:
        Carrier code and name.
    """
    return pd.DataFrame(
        {"carrier": airlines["carrier"].str.strip(), "name": airlines["name"].str.strip()}
    )


def clean_airports(airports: pd.DataFrame) -> pd.DataFrame:
    """Trim the names of airports.

    Args:
        airports: Good rows of the table `airports`.

    Returns:
        Code, name, place in degrees, and time zone.
    """
    columns = ["faa", "lat", "lon", "tzone"]
    return airports[columns].assign(name=airports["name"].str.strip())


CLEANERS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "flights": clean_flights,
    "weather": clean_weather,
    "planes": clean_planes,
    "airlines": clean_airlines,
    "airports": clean_airports,
}


def join_all(
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airlines: pd.DataFrame,
    airports: pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Join what is known about the hour, the plane, the airline and the destination.

    The weather is joined by airport and hour in UTC: local hours come twice when the clocks go
    back. A flight for which a join finds nothing stays, with empty columns, and is counted.

    Args:
        flights: Cleaned flights.
        weather: Cleaned weather.
        planes: Cleaned planes.
        airlines: Cleaned airlines.
        airports: Cleaned airports.

    Returns:
        As many rows as flights; and the number of flights without a match, by table.

    Raises:
        pandas.errors.MergeError: A key stands twice in a table that is joined.
    """
    joins = [
        ("weather", weather, ["origin", "time_hour"]),
        ("planes", planes.rename(columns={"year": "plane_year"}), ["tailnum"]),
        ("airlines", airlines.rename(columns={"name": "airline"}), ["carrier"]),
        (
            "airports",
            airports[["faa", "name"]].rename(columns={"faa": "dest", "name": "destination"}),
            ["dest"],
        ),
    ]
    unmatched: dict[str, int] = {}
    for table, other, keys in joins:
        flights = flights.merge(other, on=keys, how="left", validate="m:1", indicator="found")
        unmatched[table] = int((flights.pop("found") == "left_only").sum())
    joined = flights.assign(weather=flights["weather"].fillna(NO_WEATHER))
    return joined[JOINED_COLUMNS], unmatched
