"""The flights example: its plain functions on small frames, and the whole of it on one month."""

import doctest
import importlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from examples.flights import aggregate, database, files, report, source, tasks, transform, validate
from examples.flights import demo as demo_module
from examples.flights.demo import content
from examples.flights.model import WHOLE_YEAR, Enriched, Validated
from examples.flights.pipeline import check_months, flights_pipeline
from noria.exceptions import TemporaryError

MODULES = [
    "aggregate",
    "database",
    "files",
    "model",
    "pipeline",
    "report",
    "source",
    "transform",
    "validate",
]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A folder of Noria's own for each test, and a console that keeps quiet."""
    monkeypatch.setenv("NORIA_HOME", str(tmp_path / "noria"))
    monkeypatch.setenv("NORIA_LOG_FORMAT", "off")


def raw_flight(**changes):
    """A flight as the package has it, from JFK to Miami, eleven minutes late."""
    flight = {
        "month": 2,
        "day": 1,
        "dep_time": 542.0,
        "dep_delay": 2.0,
        "arr_time": 923.0,
        "arr_delay": 11.0,
        "carrier": "AA",
        "flight": 1141,
        "tailnum": "N619AA",
        "origin": "JFK",
        "dest": "MIA",
        "air_time": 160.0,
        "distance": 1089,
        "hour": 5,
        "time_hour": "2013-02-01T10:00:00Z",
    }
    return flight | changes


def joined_flight(**changes):
    """A flight after the joins."""
    flight = {
        "month": 2,
        "day": 1,
        "carrier": "AA",
        "flight": 1141,
        "origin": "JFK",
        "dest": "MIA",
        "tailnum": "N619AA",
        "scheduled_hour": 5,
        "departure_delay": 2.0,
        "arrival_delay": 11.0,
        "air_time": 160.0,
        "distance": 1089,
        "cancelled": False,
        "weather": "fair",
        "temp": 39.0,
        "wind_speed": 10.0,
        "plane_year": 1990,
        "seats": 178,
        "airline": "American Airlines Inc.",
        "destination": "Miami Intl",
    }
    return flight | changes


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_are_true(name):
    module = importlib.import_module(f"examples.flights.{name}")
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


class TestValidate:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"carrier": None}, "no carrier, number or airport"),
            ({"distance": 17}, "too short to be a route"),
            ({"arr_time": None, "air_time": None}, "left, arrival not recorded"),
            ({"air_time": None}, "landed, delay not recorded"),
            ({"air_time": 65.0}, "impossibly fast"),
        ],
    )
    def test_a_bad_flight_is_set_aside_for_its_reason(self, changes, reason):
        flights = pd.DataFrame([raw_flight(), raw_flight(flight=2, **changes)])
        good, rejects = validate.set_aside(flights, "flights", 2, validate.RULES["flights"])
        assert good["flight"].tolist() == [1141]
        assert rejects["reason"].tolist() == [reason]

    def test_a_flight_listed_twice_is_kept_once(self):
        flights = pd.DataFrame([raw_flight(), raw_flight()])
        good, rejects = validate.set_aside(flights, "flights", 2, validate.RULES["flights"])
        assert len(good) == 1
        assert validate.count_reasons(rejects) == {"flight listed twice": 1}

    def test_a_cancelled_flight_is_no_error(self):
        times = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
        flights = pd.DataFrame(
            [raw_flight(), raw_flight(flight=2, tailnum=None, **dict.fromkeys(times, np.nan))]
        )
        good, rejects = validate.set_aside(flights, "flights", 2, validate.RULES["flights"])
        assert len(good) == 2
        assert rejects.empty

    def test_a_row_that_breaks_two_rules_is_set_aside_once(self):
        flights = pd.DataFrame([raw_flight(distance=17, air_time=np.nan)])
        _, rejects = validate.set_aside(flights, "flights", 2, validate.RULES["flights"])
        assert rejects["reason"].tolist() == ["too short to be a route"]

    def test_the_content_of_a_row_set_aside_is_kept(self):
        airlines = pd.DataFrame({"carrier": [None], "name": ["东方\u2028航空 ✈"]})
        _, rejects = validate.set_aside(airlines, "airlines", 0, validate.RULES["airlines"])
        assert json.loads(rejects["content"][0]) == {"carrier": None, "name": "东方\u2028航空 ✈"}

    def test_the_task_writes_both_halves(self, tmp_path):
        planes = pd.DataFrame({"tailnum": ["N1", "N2"]})
        raw = files.write_frame(tmp_path / "raw", "planes", WHOLE_YEAR, planes)
        validated = tasks.validate_rows.fn(raw, tmp_path)
        assert (validated.good.rows, validated.rejects.rows) == (2, 0)
        assert validated.reasons == {}
        assert files.read_frame(validated.good)["tailnum"].tolist() == ["N1", "N2"]


class TestClean:
    def test_clock_times_become_minutes(self):
        clock = pd.Series([1.0, 517.0, 2359.0, 2400.0, None])
        minutes = transform.minute_of_day(clock)
        assert minutes[:4].tolist() == [1.0, 317.0, 1439.0, 0.0]
        assert pd.isna(minutes[4])

    def test_a_flight_that_never_left_is_marked(self, tmp_path):
        flights = pd.DataFrame([raw_flight(), raw_flight(dep_time=None)])
        good = files.write_frame(tmp_path / "valid", "flights", 2, flights)
        cleaned = tasks.clean.fn(Validated(good=good, rejects=good), tmp_path)
        assert cleaned.label == "flights 2013-02"
        assert files.read_frame(cleaned)["cancelled"].tolist() == [False, True]

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({}, "fair"),
            ({"wind_speed": 25.0}, "strong wind"),
            ({"precip": 0.01}, "rain"),
            ({"precip": 0.01, "visib": 2.0}, "poor visibility"),
            ({"precip": 0.01, "visib": 2.0, "temp": 32.0}, "snow or ice"),
        ],
    )
    def test_the_worst_of_the_weather_names_it(self, changes, kind):
        hour = {"origin": "JFK", "time_hour": "h", "temp": 50.0, "wind_speed": 9.0}
        hour |= {"precip": 0.0, "visib": 10.0}
        assert transform.clean_weather(pd.DataFrame([hour | changes]))["weather"].tolist() == [kind]


class TestEnrich:
    flights = transform.clean_flights(
        pd.DataFrame([raw_flight(), raw_flight(flight=2, dest="SJU", tailnum="N0", hour=6)])
    )
    weather = pd.DataFrame(
        {
            "origin": ["JFK", "EWR"],
            "time_hour": ["2013-02-01T10:00:00Z"] * 2,
            "temp": 39.0,
            "wind_speed": 10.0,
            "precip": 0.0,
            "visib": 10.0,
            "weather": ["rain", "fair"],
        }
    )
    planes = pd.DataFrame(
        {"tailnum": ["N619AA"], "year": [1990], "model": ["757"], "seats": [178], "maker": ["B"]}
    )
    airlines = pd.DataFrame({"carrier": ["AA"], "name": ["American Airlines Inc."]})
    airports = pd.DataFrame(
        {"faa": ["MIA"], "lat": [25.8], "lon": [-80.3], "tzone": ["x"], "name": ["Miami Intl"]}
    )

    def join(self, **changes):
        others = {name: getattr(self, name) for name in ("weather", "planes", "airlines")}
        return transform.join_all(self.flights, **(others | {"airports": self.airports} | changes))

    def test_each_flight_gets_what_is_known_and_none_is_lost(self):
        joined, unmatched = self.join()
        assert joined["weather"].tolist() == ["rain", "rain"]
        assert joined["airline"].tolist() == ["American Airlines Inc."] * 2
        assert joined["destination"].fillna("?").tolist() == ["Miami Intl", "?"]
        assert joined["seats"].fillna(0).tolist() == [178, 0]
        assert unmatched == {"weather": 0, "planes": 1, "airlines": 0, "airports": 1}

    def test_a_flight_without_weather_says_so(self):
        joined, unmatched = self.join(weather=self.weather[1:])
        assert joined["weather"].tolist() == [transform.NO_WEATHER] * 2
        assert unmatched["weather"] == 2

    def test_a_key_that_stands_twice_is_refused_rather_than_doubling_flights(self):
        with pytest.raises(pd.errors.MergeError):
            self.join(airlines=pd.concat([self.airlines, self.airlines]))


class TestAggregate:
    month = pd.DataFrame(
        [
            joined_flight(arrival_delay=15.0),
            joined_flight(arrival_delay=-5.0),
            joined_flight(arrival_delay=None, cancelled=True),
            joined_flight(origin="EWR", arrival_delay=14.0),
        ]
    )

    def test_counts_and_sums_by_route(self):
        sums = aggregate.delays_by(self.month, "route").drop(columns="dimension")
        assert sums.to_numpy().tolist() == [
            ["EWR → MIA", 1, 0, 1, 0, 14.0],
            ["JFK → MIA", 3, 1, 2, 1, 10.0],
        ]

    def test_every_dimension_counts_every_flight(self, tmp_path):
        part = files.write_frame(tmp_path, "flights", 2, self.month)
        summary = tasks.summarise.fn(Enriched(flights=part))
        assert summary.groupby("dimension")["flights"].sum().to_dict() == dict.fromkeys(
            aggregate.DIMENSIONS, 4
        )

    def test_the_histogram_leaves_out_cancelled_flights(self):
        histogram = aggregate.delay_histogram(self.month)
        assert histogram["flights"].sum() == 3
        assert histogram["delay"].tolist() == [-5, 14, 15]

    def test_the_interval_holds_the_mean_and_is_the_same_each_time(self):
        histogram = pd.DataFrame({"carrier": "AA", "delay": [0, 60], "flights": [90, 10]})
        first = tasks.carrier_intervals.fn(histogram, 2, 500)
        assert first.equals(tasks.carrier_intervals.fn(histogram, 2, 500))
        low, mean, high = first.loc[0, ["low", "mean", "high"]]
        assert low < mean < high
        assert mean == 6.0

    def test_more_flights_make_a_narrower_interval(self):
        values, few = np.array([0, 60]), np.array([9, 1])
        low, high = aggregate.bootstrap_interval(values, few, 500, seed=1)
        narrow_low, narrow_high = aggregate.bootstrap_interval(values, few * 100, 500, seed=1)
        assert narrow_high - narrow_low < (high - low) / 5


@pytest.fixture
def loaded(tmp_path):
    """A database with one month of two flights and one row set aside."""
    path = tmp_path / "flights.db"
    database.prepare(path)
    database.replace_month(path, 2, month_tables())
    return path


def month_tables():
    """The rows of a month as `load_month` has them."""
    month = pd.DataFrame([joined_flight(), joined_flight(flight=2, seats=None, airline=None)])
    return {
        "flights": month,
        "delays": pd.concat([aggregate.delays_by(month, each) for each in aggregate.DIMENSIONS]),
        "carrier_intervals": aggregate.carrier_intervals(aggregate.delay_histogram(month), 10),
        "rejects": pd.DataFrame(
            {"source": ["flights"], "reason": ["impossibly fast"], "content": ["{}"]}
        ),
        "unmatched": pd.DataFrame({"source": ["planes"], "flights": [1]}),
    }


class TestDatabase:
    def test_a_load_that_is_repeated_changes_nothing(self, loaded):
        before = content(loaded)
        database.prepare(loaded)
        database.replace_month(loaded, 2, month_tables())
        assert content(loaded) == before
        assert before["flights"][0] == 2

    def test_a_load_leaves_other_months_alone(self, loaded):
        march = {name: rows.assign(month=3) for name, rows in month_tables().items()}
        database.replace_month(loaded, 3, march)
        database.replace_month(loaded, 3, {**march, "flights": march["flights"][:1]})
        with closing(sqlite3.connect(loaded)) as connection:
            counts = connection.execute("SELECT month, count(*) FROM flights GROUP BY 1").fetchall()
        assert counts == [(2, 2), (3, 1)]

    def test_a_load_that_fails_leaves_what_was_there(self, loaded):
        before = content(loaded)
        tables = month_tables()
        tables["unmatched"] = pd.concat([tables["unmatched"]] * 2)  # breaks the primary key
        with pytest.raises(sqlite3.IntegrityError):
            database.replace_month(loaded, 2, tables)
        assert content(loaded) == before

    def test_empty_cells_are_null(self, loaded):
        with closing(sqlite3.connect(loaded)) as connection:
            row = connection.execute("SELECT seats, airline FROM flights WHERE flight = 2")
            assert row.fetchone() == (None, None)

    def test_a_reference_table_replaces_itself_and_its_own_rejects_only(self, loaded):
        airlines = pd.DataFrame({"carrier": ["AA"], "name": ["American"]})
        rejects = pd.DataFrame(
            {"source": ["airlines"], "month": [0], "reason": ["r"], "content": ["{}"]}
        )
        for _ in range(2):
            assert database.replace_table(loaded, "airlines", airlines, rejects) == 2
        counts = {table: rows for table, (rows, _) in content(loaded).items()}
        assert (counts["airlines"], counts["rejects"]) == (1, 2)


class TestReport:
    def test_it_names_routes_hours_carriers_weather_and_rows_set_aside(self, loaded, monkeypatch):
        monkeypatch.setattr(report, "FEWEST_ARRIVALS", 1)
        text = report.compose(loaded)
        assert "2 flights in 1 month, 0 of them cancelled" in text
        assert "arrived 11.0 minutes late. 1 rows were set aside" in text
        for cell in ("JFK → MIA", "05:00", "AA", "fair", "impossibly fast", "planes"):
            assert f"| {cell} " in text

    def test_a_route_with_few_arrivals_is_not_ranked(self, loaded):
        assert "JFK → MIA" not in report.compose(loaded)

    def test_an_empty_database_is_reported_as_such(self, tmp_path):
        database.prepare(tmp_path / "flights.db")
        assert "0 flights in 0 months" in report.compose(tmp_path / "flights.db")


class TestFiles:
    def test_a_partition_comes_back_with_its_types(self, tmp_path):
        frame = pd.DataFrame({"名": ["东方", None], "n": [1, 2], "b": [True, False]})
        part = files.write_frame(tmp_path / "files", "t", 3, frame)
        pd.testing.assert_frame_equal(files.read_frame(part), frame)

    def test_writing_again_replaces_and_leaves_no_scraps(self, tmp_path):
        for rows in ([1], [1, 2]):
            part = files.write_frame(tmp_path / "files", "t", 3, pd.DataFrame({"a": rows}))
        assert len(files.read_frame(part)) == 2
        assert [path.name for path in (tmp_path / "files").iterdir()] == ["t-2013-03.pkl"]

    def test_a_write_that_fails_leaves_what_was_there(self, tmp_path):
        part = files.write_frame(tmp_path / "files", "t", 3, pd.DataFrame({"a": [1]}))
        unwritable = pd.DataFrame({"a": [lambda: None]})
        with pytest.raises(Exception, match="pickle"):
            files.write_frame(tmp_path / "files", "t", 3, unwritable)
        assert files.read_frame(part)["a"].tolist() == [1]
        assert [path.name for path in (tmp_path / "files").iterdir()] == ["t-2013-03.pkl"]

    def test_a_file_that_is_gone_is_named_with_a_way_out(self, tmp_path):
        part = files.write_frame(tmp_path, "flights", 3, pd.DataFrame({"a": [1]}))
        part.path.unlink()
        with pytest.raises(FileNotFoundError, match=r"flights 2013-03.*noria runs resume"):
            files.read_frame(part)


class TestSource:
    def test_the_weather_service_fails_as_often_as_it_says(self, tmp_path, monkeypatch):
        service = source.SimulatedWeatherService(failures=2)
        monkeypatch.setattr(source, "weather_service", service)
        for _ in range(2):
            with pytest.raises(TemporaryError, match="simulated"):
                tasks.fetch_weather.fn(2, tmp_path)
        assert tasks.fetch_weather.fn(2, tmp_path).rows == 2010

    def test_a_table_that_does_not_exist_is_named(self):
        with pytest.raises(FileNotFoundError, match="no table 'trains'"):
            source.table_path("trains")


class TestPipeline:
    @pytest.mark.parametrize("months", [[], [0], [13], [1, 1]])
    def test_months_that_are_none_are_refused(self, months):
        with pytest.raises(ValueError, match="numbers 1 to 12"):
            check_months(months)

    def test_no_months_are_all_months(self):
        assert check_months(None) == list(range(1, 13))

    def test_one_month_from_end_to_end_twice(self, tmp_path, monkeypatch):
        monkeypatch.setattr(source, "weather_service", source.SimulatedWeatherService(failures=1))
        monkeypatch.setattr(tasks.fetch_weather, "retry_delay_seconds", [0])
        written = flights_pipeline(months=[2], workdir=tmp_path, samples=10)
        text = Path(written).read_text(encoding="utf-8")
        first = content(tmp_path / "flights.db")
        counts = {table: rows for table, (rows, _) in first.items()}
        assert counts["airlines"] == 16
        assert "24,872 flights in 1 month" in text
        assert f"{counts['rejects']} rows were set aside" in text
        # Every row that came in is loaded or set aside: flights, and the three airports.
        assert counts["flights"] + 79 == 24_951
        assert counts["rejects"] == 79 + 1 + 3

        again = flights_pipeline(months=[2], workdir=tmp_path, samples=10)
        assert content(tmp_path / "flights.db") == first
        assert Path(again).read_text(encoding="utf-8") == text


def test_a_run_that_is_killed_goes_on_to_the_same_end(tmp_path):
    """The demo checks it all by itself: the kill, the plan, what ran again, and the databases."""
    demo = Path(demo_module.__file__)
    command = [sys.executable, str(demo), "--months", "2", "--folder", str(tmp_path / "demo")]
    environment = {**os.environ, "NORIA_LOG_FORMAT": "plain"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none of them ran again" in done.stdout
    assert "Equal, and so are the reports" in done.stdout
