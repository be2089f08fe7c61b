"""What the user's loggers say becomes lines of the run, with fields that keep their types."""

from __future__ import annotations

import datetime
import enum
import json
import logging
import math
import sys
import uuid
from decimal import Decimal
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pytest
import structlog as installed

from noria import flow, get_run_logger, task
from noria.core.errors import ConfigurationError
from noria.engine import log_lines, logs
from noria.engine.log_fields import fields_json
from noria.engine.session import open_session
from noria.logging.structlog import RunProcessor, add_run, configure


class Colour(enum.Enum):
    RED = "red"


def lines():
    """The lines of the newest run."""
    backend = open_session().backend
    open_session().journal.flush()
    (found,) = backend.find_flow_runs("@last")
    return [row for _, row in backend.logs(found.id)]


def loaded(given):
    return json.loads(fields_json(given) or "{}")


def fields(row):
    return json.loads(row.extra)


@pytest.fixture(autouse=True)
def loggers():
    """The loggers are left as they were."""
    names = ["", "shop", "shop.db"]
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    logs._installed.clear()
    yield
    for logger, level in before:
        logger.setLevel(level)
        for handler in list(logger.handlers):
            if isinstance(handler, log_lines.RunLogHandler):
                logger.removeHandler(handler)
    logs._installed.clear()


class TestFields:
    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            (42, 42),
            (1.5, 1.5),
            (True, True),
            (None, None),
            ("行", "行"),
            (Decimal("1.5"), 1.5),
            (Decimal(42), 42),
            (Decimal("NaN"), None),
            (Decimal("Infinity"), "Infinity"),
            (datetime.date(2026, 1, 2), "2026-01-02"),
            (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), "2026-01-02T03:00:00+00:00"),
            (datetime.timedelta(minutes=1), 60.0),
            (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
            (pd.NaT, None),
            (pd.NA, None),
            (np.int64(7), 7),
            (np.float32(0.5), 0.5),
            (np.array([7]), [7]),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (Colour.RED, "red"),
            (PurePosixPath("/a/b"), "/a/b"),
            ({"a": {2, 1}}, {"a": [1, 2]}),
            (math.nan, None),
            ([math.inf, 1], ["Infinity", 1]),
            ({("a", 1): 2}, {"a / 1": 2}),
        ],
    )
    def test_types_are_kept(self, value, kept):
        assert loaded({"x": value}) == {"x": kept}

    def test_what_refers_to_itself_is_cut(self):
        loop: list = []
        loop.append(loop)
        assert loaded({"x": loop, "n": 1})["n"] == 1

    def test_a_value_that_raises_is_no_reason_to_lose_the_line(self):
        class Bad:
            def __repr__(self):
                raise RuntimeError("no")

        assert "x" in loaded({"x": Bad()})


class TestLoggersThatJoin:
    def say(self, *names):
        @task
        def load():
            for name in names:
                logging.getLogger(name).info("said", extra={"user_id": 42})

        @flow
        def f():
            load()

        f()
        return [(row.logger, row.message) for row in lines()]

    def test_others_keep_their_levels(self):
        logging.getLogger("shop").setLevel(logging.INFO)
        assert self.say("shop", "shop.db", "other", None) == [("shop", "said"), ("shop.db", "said")]

    def test_unless_they_are_to_be_left_alone(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_OTHERS", "false")
        logging.getLogger("shop").setLevel(logging.INFO)
        assert self.say("shop") == []

    def test_those_that_are_named_do(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "shop")
        assert self.say("shop", "shop.db", "other") == [("shop", "said"), ("shop.db", "said")]
        assert fields(lines()[0]) == {"user_id": 42}
        assert lines()[0].task_run is not None

    def test_a_star_is_the_root(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "*")
        assert self.say("shop", None) == [("shop", "said"), ("root", "said")]

    def test_a_line_is_kept_once_though_several_of_its_loggers_join(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "*, shop, shop.db")
        assert self.say("shop.db") == [("shop.db", "said")]

    def test_the_level_counts_for_them(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "shop")
        monkeypatch.setenv("NORIA_LOGGING_LEVEL", "WARNING")
        assert self.say("shop") == []

    def test_a_logger_that_says_more_elsewhere_goes_on_doing_so(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "shop")
        shop = logging.getLogger("shop")
        shop.setLevel(logging.DEBUG)
        assert self.say("shop") == [("shop", "said")]
        assert shop.level == logging.DEBUG

    def test_configuring_logging_anew_does_not_end_it(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "*")

        @flow
        def f():
            root = logging.getLogger()
            before = list(root.handlers)
            root.handlers = []
            get_run_logger()
            logging.getLogger("shop").warning("still heard")
            root.handlers = before

        f()
        assert [row.message for row in lines()] == ["still heard"]

    def test_without_any_handler_what_logging_would_print_is_kept_instead(
        self, monkeypatch, capsys
    ):
        root = logging.getLogger()
        monkeypatch.setattr(root, "handlers", [])
        monkeypatch.setattr(logging, "lastResort", logging._StderrHandler(logging.WARNING))

        @flow
        def f():
            logging.getLogger("shop").warning("inside")

        logging.getLogger("shop").warning("before")
        f()
        logging.getLogger("shop").warning("after")
        logging.getLogger("shop.db").setLevel(logging.INFO)
        logging.getLogger("shop.db").info("too quiet")
        assert [row.message for row in lines()] == ["inside"]
        assert capsys.readouterr().err == "before\nafter\n"
        assert root.handlers == []  # logging.basicConfig() still works

    def test_when_the_other_handlers_have_gone_nothing_is_swallowed(self, monkeypatch, capsys):
        root = logging.getLogger()
        monkeypatch.setattr(root, "handlers", [logging.NullHandler()])
        monkeypatch.setattr(logging, "lastResort", logging._StderrHandler(logging.WARNING))
        flow(lambda: logging.getLogger("shop").warning("inside"), name="f")()
        del root.handlers[0]
        logging.getLogger("shop").warning("after")
        assert [row.message for row in lines()] == ["inside"]
        assert capsys.readouterr().err == "after\n"

    def test_what_a_handler_of_the_users_prints_the_console_does_not(self, monkeypatch, capsys):
        monkeypatch.setenv("NORIA_LOG_FORMAT", "plain")
        root = logging.getLogger()
        monkeypatch.setattr(root, "handlers", [logging.StreamHandler(sys.stderr)])

        @flow
        def f():
            logging.getLogger("shop").warning("mine")
            get_run_logger().warning("noria's")

        f()
        open_session().journal.flush()
        said = capsys.readouterr().err
        assert [said.count("mine"), said.count("noria's")] == [1, 1]
        assert [row.message for row in lines()] == ["mine", "noria's"]

    def test_a_traceback_is_kept(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "shop")

        @flow
        def f():
            try:
                _ = 1 / 0
            except ZeroDivisionError:
                logging.getLogger("shop").exception("broken")

        f()
        assert "ZeroDivisionError" in fields(lines()[0])["exc_text"]

    def test_an_event_that_structlog_left_to_logging_is_taken_apart(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "shop")

        @flow
        def f():
            logging.getLogger("shop").info({"event": "said", "user_id": 42})

        f()
        (row,) = lines()
        assert (row.message, fields(row)) == ("said", {"user_id": 42})


@pytest.fixture
def structlog():
    installed.reset_defaults()
    yield installed
    installed.contextvars.clear_contextvars()
    installed.reset_defaults()


class TestStructlog:
    def run(self, structlog):
        log = structlog.get_logger("shop")

        @task
        def load(user_id):
            log.bind(component="loader").info(
                "已加载", user_id=user_id, at=datetime.date(2026, 1, 2)
            )
            log.debug("too quiet")

        @flow
        def f():
            structlog.contextvars.bind_contextvars(request=7)
            load(42)
            structlog.get_logger().warning("careful")

        f()
        return lines()

    def check(self, found):
        loaded, careful = found
        assert (loaded.logger, loaded.message, loaded.level) == ("shop", "已加载", 20)
        assert fields(loaded) == {
            "request": 7,
            "component": "loader",
            "user_id": 42,
            "at": "2026-01-02",
        }
        assert loaded.task_run is not None
        assert (careful.logger, careful.level) == ("noria.flow_runs", 30)
        assert careful.task_run is None

    def test_configured_by_a_call(self, structlog, capsys):
        configure("json")
        self.check(self.run(structlog))
        assert capsys.readouterr().err == ""

    def test_joins_by_itself(self, structlog, capsys):
        self.check(self.run(structlog))
        assert capsys.readouterr().err == ""

    def test_left_alone_by_a_setting(self, structlog, monkeypatch, capsys):
        monkeypatch.setenv("NORIA_LOGGING_STRUCTLOG", "false")
        assert self.run(structlog) == []
        assert "已加载" in capsys.readouterr().out

    def test_one_that_is_configured_is_joined(self, structlog, monkeypatch):
        rendered = []

        def render(logger, name, event):
            rendered.append(dict(event))
            raise structlog.DropEvent

        structlog.configure(processors=[structlog.contextvars.merge_contextvars, render])
        found = self.run(structlog)
        assert [row.message for row in found] == ["已加载", "careful"]
        assert fields(found[0])["user_id"] == 42
        assert [event["event"] for event in rendered] == ["已加载", "too quiet", "careful"]

    def test_one_over_logging_is_not_kept_twice(self, structlog, monkeypatch):
        structlog.configure(
            processors=[structlog.stdlib.render_to_log_kwargs],
            logger_factory=structlog.stdlib.LoggerFactory(),
        )
        monkeypatch.setenv("NORIA_LOGGING_EXTRA_LOGGERS", "*")
        found = self.run(structlog)
        assert [row.message for row in found] == ["已加载", "careful"]
        assert fields(found[0])["user_id"] == 42

    def test_an_exception_is_kept_as_text(self, structlog):
        configure()

        @flow
        def f():
            try:
                _ = 1 / 0
            except ZeroDivisionError as exc:
                structlog.get_logger().exception("one")
                structlog.get_logger().error("two", exc_info=exc)

        f()
        for row in lines():
            assert row.level == 40
            assert list(fields(row)) == ["exc_text"]
            assert "ZeroDivisionError" in fields(row)["exc_text"]

    def test_outside_runs_it_is_rendered(self, structlog, capsys):
        configure("json", processors=[lambda _l, _n, event: {**event, "app": "shop"}])
        structlog.get_logger().info("已加载", user_id=42)
        said = json.loads(capsys.readouterr().err)
        assert {key: said[key] for key in ("event", "user_id", "app", "level")} == {
            "event": "已加载",
            "user_id": 42,
            "app": "shop",
            "level": "info",
        }
        configure("console")
        structlog.get_logger().info("loaded", user_id=42)
        assert "loaded" in capsys.readouterr().err
        configure(lambda _l, _n, event: event["event"], level="error")
        structlog.get_logger().info("too quiet")
        structlog.get_logger().error("plain")
        assert capsys.readouterr().err == "plain\n"

    def test_the_run_may_be_named_to_renderers(self, structlog):
        seen = []

        def keep(_logger, _name, event):
            seen.append(event)
            raise structlog.DropEvent

        structlog.configure(processors=[RunProcessor(drop=False), add_run, keep])

        @task
        def load():
            structlog.get_logger().info("said")

        @flow(name="shop")
        def f():
            load()

        f()
        assert seen[0]["flow_name"] == "shop"
        assert seen[0]["task_name"] == "load"
        assert lines()[0].extra is None

    @pytest.mark.parametrize("given", [{"renderer": "yaml"}, {"level": "loud"}])
    def test_mistakes(self, structlog, given):
        with pytest.raises(ConfigurationError, match="expected one of"):
            configure(**given)

    def test_without_the_package_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "structlog", None)
        with pytest.raises(ConfigurationError, match="pip install structlog"):
            configure()
