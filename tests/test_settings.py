"""Settings as code sees them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from noria.core.errors import ConfigurationError
from noria.settings import (
    NORIA_LOGGING_LEVEL,
    PREFECT_TASKS_DEFAULT_RETRIES,
    get_current_settings,
    require_env,
    temporary_settings,
)


def test_a_setting_is_read_by_name_and_in_parts():
    found = get_current_settings()
    assert found.results.default_serializer == found.results_default_serializer == "pickle"
    assert PREFECT_TASKS_DEFAULT_RETRIES.value() == 0
    with pytest.raises(AttributeError, match="no setting 'loging'"):
        _ = found.loging
    with pytest.raises(ImportError):
        from noria.settings import NORIA_NONE  # noqa: F401, PLC0415


def test_a_representation_hides_secrets(monkeypatch):
    monkeypatch.setenv("NORIA_PRIVACY_KEY", "s3cret")
    assert "s3cret" not in repr(get_current_settings())


class TestTemporarySettings:
    def test_they_end_with_the_block(self):
        with temporary_settings({NORIA_LOGGING_LEVEL: "ERROR"}) as found:
            assert found.logging.level == NORIA_LOGGING_LEVEL.value() == "ERROR"
            with temporary_settings({"PREFECT_LOGGING_LEVEL": "DEBUG"}):
                assert NORIA_LOGGING_LEVEL.value() == "DEBUG"
            assert NORIA_LOGGING_LEVEL.value() == "ERROR"
        assert "NORIA_LOGGING_LEVEL" not in os.environ

    def test_they_end_after_an_error(self):
        with pytest.raises(ZeroDivisionError), temporary_settings({NORIA_LOGGING_LEVEL: "ERROR"}):
            _ = 1 / 0
        assert NORIA_LOGGING_LEVEL.value() == "INFO"

    def test_a_value_that_cannot_be_used_changes_nothing(self):
        with (
            pytest.raises(ConfigurationError, match="NORIA_LOGGING_LEVEL is 'LOUD'"),
            temporary_settings({NORIA_LOGGING_LEVEL: "LOUD"}),
        ):
            pass
        assert NORIA_LOGGING_LEVEL.value() == "INFO"

    def test_defaults_give_way_and_are_restored(self, monkeypatch):
        monkeypatch.setenv("NORIA_LOGGING_LEVEL", "ERROR")
        with temporary_settings(
            set_defaults={NORIA_LOGGING_LEVEL: "DEBUG", "logging_log_prints": True}
        ) as found:
            assert (found.logging.level, found.logging_log_prints) == ("ERROR", True)
        with temporary_settings(restore_defaults=[NORIA_LOGGING_LEVEL]):
            assert NORIA_LOGGING_LEVEL.value() == "INFO"
        assert NORIA_LOGGING_LEVEL.value() == "ERROR"

    def test_an_unknown_one_is_refused(self):
        with (
            pytest.raises(ConfigurationError, match="no setting 'loging_level'"),
            temporary_settings({"loging_level": "INFO"}),
        ):
            pass

    def test_child_processes_have_them(self):
        code = "from noria.settings import *; print(get_current_settings().logging.level)"
        with temporary_settings({NORIA_LOGGING_LEVEL: "ERROR"}):
            ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert ran.stdout.decode().strip() == "ERROR"


class TestRequireEnv:
    def test_what_is_there_is_given(self, monkeypatch):
        monkeypatch.setenv("CRM_URL", "https://crm")
        monkeypatch.setenv("CRM_TOKEN", "abc")
        assert require_env("CRM_URL") == "https://crm"
        assert require_env("CRM_TOKEN", "CRM_URL") == ("abc", "https://crm")

    def test_all_that_is_missing_is_named_at_once(self, monkeypatch):
        monkeypatch.setenv("CRM_URL", "https://crm")
        monkeypatch.setenv("CRM_TOKEN", " ")
        monkeypatch.setenv("CRM_PASWORD", "s3cret")
        with pytest.raises(ConfigurationError, match="CRM_TOKEN, CRM_PASSWORD are") as caught:
            require_env("CRM_URL", "CRM_TOKEN", "CRM_PASSWORD")
        assert "There is CRM_PASWORD" in str(caught.value)
        assert "s3cret" not in str(caught.value)

    def test_a_file_that_was_asked_for_is_looked_into(self, monkeypatch, tmp_path):
        file = tmp_path / ".env"
        file.write_text("CRM_TOKEN=abc\n", encoding="utf-8")
        monkeypatch.setenv("NORIA_ENV_FILE", str(file))
        monkeypatch.delenv("CRM_TOKEN", raising=False)
        assert require_env("CRM_TOKEN") == "abc"
