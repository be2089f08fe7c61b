"""A store of a test's own: what is kept apart, and what can be asked of it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from noria import flow, get_run_logger, task
from noria.artifacts import create_markdown_artifact
from noria.blocks.system import Secret
from noria.core.redaction import redactor
from noria.logging import disable_run_logger
from noria.session import open_session
from noria.settings import temporary_settings
from noria.testing import noria_test_harness, prefect_test_harness
from noria.variables import Variable


@task
def double(number):
    get_run_logger().info("doubling %d", number, extra={"number": number})
    return 2 * number


@flow
def doubled(number=4):
    return double(number)


@flow
def failing():
    get_run_logger().warning("this will not do")
    raise ValueError("negative amount")


def test_runs_are_seen_inside_and_nowhere_else(isolated):
    with noria_test_harness() as store:
        assert doubled() == 8
        assert [run.state_name for run in store.flow_runs()] == ["Completed"]
    assert not (isolated / "noria.db").exists()


def test_its_folder_is_gone_afterwards():
    with noria_test_harness() as store:
        folder = store.home
        (folder / "left").write_text("behind")
    assert not folder.exists()


def test_what_was_recorded_can_be_asked_for(noria_store):
    doubled(3)
    with pytest.raises(ValueError, match="negative amount"):
        failing()
    assert [(run.flow_name, run.state_name) for run in noria_store.flow_runs()] == [
        ("doubled", "Completed"),
        ("failing", "Failed"),
    ]
    (run,) = noria_store.flow_runs("failing")
    assert run.error == "ValueError: negative amount"
    assert run.start_time is not None
    (run,) = noria_store.task_runs("double")
    assert (run.flow_name, run.task_name, run.parameters) == ("doubled", "double", {"number": "3"})
    assert noria_store.task_runs("halve") == []


def test_lines_and_artifacts_can_be_asked_for(noria_store):
    @flow
    def reporting():
        doubled(5)
        create_markdown_artifact("# 日报", key="report")

    reporting()
    with pytest.raises(ValueError, match="negative"):
        failing()
    assert [line.message for line in noria_store.logs()] == ["doubling 5", "this will not do"]
    assert noria_store.logs(text="DOUBLING")[0].fields == {"number": 5}
    assert [line.level for line in noria_store.logs(level=logging.WARNING)] == [30]
    (artifact,) = noria_store.artifacts("report")
    assert artifact.data == "# 日报"


def test_blocks_nest():
    with noria_test_harness() as outer:
        doubled()
        with noria_test_harness() as inner:
            doubled()
            doubled()
        assert len(inner.home.parts) == len(outer.home.parts)
        doubled()
        assert len(outer.flow_runs()) == 2


def test_a_copy_begins_with_what_the_other_holds():
    with noria_test_harness() as outer:
        Variable.set("region", "north")
        Secret(value="s3cr3t-token").save("crm")
        with noria_test_harness(template=outer):
            assert Variable.get("region") == "north"
            assert Secret.load("crm").get() == "s3cr3t-token"
            Variable.set("region", "south", overwrite=True)
        assert Variable.get("region") == "north"


def test_secrets_are_forgotten_at_the_end():
    redactor.add("known-before")
    with noria_test_harness():
        Secret(value="known-within").save("crm")
        assert redactor.mask("known-before known-within") == "******** ********"
    assert redactor.mask("known-before known-within") == "******** known-within"


def test_profiles_and_keys_of_the_person_are_left_out(monkeypatch):
    monkeypatch.setenv("NORIA_ENCRYPTION_KEY", "not a key")
    monkeypatch.setenv("NORIA_RESULTS_STORAGE", "s3://production/results")
    monkeypatch.setenv("NORIA_PROFILE", "production")
    with noria_test_harness():
        assert doubled() == 8
        Secret(value="s3cr3t-token").save("crm")
    assert os.environ["NORIA_PROFILE"] == "production"


def test_settings_that_change_inside_count(noria_store, monkeypatch):
    @flow
    def debugging():
        get_run_logger().debug("in detail")

    debugging()
    with temporary_settings({"logging.level": "DEBUG"}):
        debugging()
    assert [line.message for line in noria_store.logs()] == ["in detail"]
    assert len(noria_store.flow_runs()) == 2


def test_the_environment_comes_back_after_an_error(isolated):
    with pytest.raises(KeyError), prefect_test_harness(server_startup_timeout=60):
        raise KeyError("gone")
    assert os.environ["NORIA_HOME"] == str(isolated)
    assert "NORIA_DATABASE_URL" not in os.environ


def test_a_store_in_a_folder_is_kept_and_shared(tmp_path):
    program = "from noria import flow\n@flow\ndef other(): return 1\nother()\n"
    script = tmp_path / "other.py"
    script.write_text(program)
    with noria_test_harness(tmp_path / "store") as store:
        doubled()
        subprocess.run([sys.executable, script], check=True)
        assert [run.flow_name for run in store.flow_runs()] == ["doubled", "other"]
    with noria_test_harness(tmp_path / "store") as again:
        assert len(again.flow_runs()) == 2


def test_lines_of_runs_reach_caplog(noria_store, caplog):
    doubled(7)
    assert "doubling 7" in caplog.text
    (record,) = [record for record in caplog.records if record.name == "noria.task_runs"]
    assert record.number == 7


class Kept(logging.Handler):
    """Keeps what it is given."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


@pytest.fixture
def kept():
    handler = Kept()
    logging.root.addHandler(handler)
    yield handler
    logging.root.removeHandler(handler)


def test_other_handlers_hear_of_runs_only_inside(kept):
    doubled(1)
    with noria_test_harness():
        doubled(2)
        with noria_test_harness():
            doubled(3)
        doubled(4)
    doubled(5)
    assert kept.lines == ["doubling 2", "doubling 3", "doubling 4"]


def test_a_handler_that_hears_of_runs_already_hears_them_once(kept):
    logger = logging.getLogger("noria.task_runs")
    logger.addHandler(kept)
    with noria_test_harness():
        doubled(2)
    logger.removeHandler(kept)
    assert kept.lines == ["doubling 2"]


def test_run_loggers_are_silent_where_asked(noria_store):
    with disable_run_logger():
        assert double.fn(2) == 4
    assert noria_store.logs() == []


def test_a_session_of_its_own():
    with noria_test_harness() as store:
        assert open_session() is store.session
    assert open_session() is not store.session
