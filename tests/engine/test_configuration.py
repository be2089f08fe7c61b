"""Where a process has its settings from."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from noria import flow, task
from noria.core.errors import ConfigurationError, MissingProfileError
from noria.core.profiles import Profiles
from noria.engine import configuration, settings_files

LEVEL = "NORIA_LOGGING_LEVEL"


@pytest.fixture
def home(isolated: Path) -> Path:
    """A home with a profile of each level."""
    named = {"dev": {LEVEL: "DEBUG"}, "prod": {LEVEL: "ERROR", "NORIA_TASKS_DEFAULT_RETRIES": "2"}}
    settings_files.write_profiles(Profiles("dev", named))
    return isolated


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of variables that was asked for."""
    file = tmp_path / ".env"
    file.write_text(f"{LEVEL}=WARNING\nCRM_TOKEN=abc\n", encoding="utf-8")
    monkeypatch.setenv("NORIA_ENV_FILE", str(file))
    return file


def test_without_files_the_environment_is_asked_itself():
    assert configuration.sources() is os.environ
    assert configuration.settings().logging_level == "INFO"


@pytest.mark.usefixtures("home")
class TestProfiles:
    def test_the_active_one_counts(self):
        assert configuration.settings().logging_level == "DEBUG"

    def test_another_may_be_chosen_by_a_variable(self, monkeypatch):
        monkeypatch.setenv("NORIA_PROFILE", "prod")
        assert configuration.settings().logging_level == "ERROR"

    def test_the_environment_wins_over_the_file_and_that_over_the_profile(
        self, monkeypatch, env_file
    ):
        assert configuration.settings().logging_level == "WARNING"
        assert settings_files.layers().origin(LEVEL) == f".env ({env_file})"
        monkeypatch.setenv(LEVEL, "CRITICAL")
        assert configuration.settings().logging_level == "CRITICAL"

    def test_a_file_may_choose_the_profile(self, env_file):
        env_file.write_text("NORIA_PROFILE=prod\n", encoding="utf-8")
        assert configuration.settings().logging_level == "ERROR"

    def test_a_change_is_seen(self):
        settings_files.write_profiles(Profiles("dev", {"dev": {LEVEL: "CRITICAL"}}))
        assert configuration.settings().logging_level == "CRITICAL"

    def test_a_file_that_is_the_same_is_read_once(self, monkeypatch, home):
        configuration.settings()
        monkeypatch.setattr("builtins.open", None)
        assert configuration.settings().logging_level == "DEBUG"

    def test_options_of_tasks_come_from_it(self, monkeypatch):
        monkeypatch.setenv("NORIA_PROFILE", "prod")

        @task
        def load():
            return 1

        assert load.retries == 2

    def test_a_run_uses_it(self, monkeypatch, home):
        url = f"sqlite:///{home}/of-prod.db"
        settings_files.write_profiles(Profiles("prod", {"prod": {"NORIA_DATABASE_URL": url}}))

        @flow
        def one():
            return 1

        one()
        assert (home / "of-prod.db").exists()

    def test_an_unknown_one_is_named(self, monkeypatch):
        monkeypatch.setenv("NORIA_PROFILE", "prd")
        with pytest.raises(MissingProfileError, match=r"NORIA_PROFILE is 'prd'.*'prod'"):
            configuration.settings()

    def test_the_file_is_for_its_owner(self, home):
        assert stat.S_IMODE((home / "profiles.toml").stat().st_mode) == 0o600
        assert [file.name for file in home.iterdir()] == ["profiles.toml"]


def test_a_file_that_is_no_text_is_named(isolated):
    isolated.mkdir()
    (isolated / "profiles.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"profiles\.toml is not UTF-8"):
        configuration.settings()


def test_a_file_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("NORIA_ENV_FILE", str(tmp_path / "none.env"))
    with pytest.raises(ConfigurationError, match=r"none\.env, which is not there"):
        configuration.settings()


@pytest.mark.parametrize(
    ("line", "message"),
    [("NORIA_LOGING_LEVEL=INFO", "'NORIA_LOGGING_LEVEL'"), ("NORIA_ENV_FILE=x", "cannot stand")],
)
def test_a_file_with_what_is_no_setting_is_refused(env_file, line, message):
    env_file.write_text(line, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        configuration.settings()


def test_a_home_that_cannot_be_written_is_said(isolated):
    isolated.write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"profiles\.toml cannot be written"):
        settings_files.write_profiles(Profiles())


def test_toml_is_loaded_for_a_home_with_profiles_only(home, monkeypatch):
    monkeypatch.delitem(sys.modules, "tomllib", raising=False)
    monkeypatch.setenv("NORIA_HOME", str(home / "other"))
    configuration.settings()
    assert "tomllib" not in sys.modules
