"""`noria profile` and `noria config`."""

from __future__ import annotations

import json
import os

import pytest

VIEW = ("config", "view", "--changed", "-o", "json")


@pytest.fixture(autouse=True)
def outside(monkeypatch):
    """What the command puts into the environment is taken out again."""
    for name in ("NORIA_PROFILE", "NORIA_ENV_FILE"):
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("NORIA_PROFILE")
    monkeypatch.delenv("NORIA_ENV_FILE")


@pytest.fixture
def prod(noria):
    """A profile that is in use."""
    noria("profile", "create", "prod")
    noria("profile", "use", "prod")
    noria("profile", "set", "logging_level=ERROR", "NORIA_PRIVACY_KEY", input="s3cret\n")


def test_there_is_always_one(noria):
    assert noria("profile", "ls").stdout == "default\ttrue\t0\n"


@pytest.mark.usefixtures("prod")
class TestProfile:
    def test_the_one_in_use_has_a_mark(self, noria):
        assert noria("profile", "ls", tty=True).stdout.splitlines() == [
            "PROFILE    SETTINGS",
            "  default         0",
            "* prod            2",
        ]

    def test_what_it_sets_is_shown_without_secrets(self, noria):
        result = noria("profile", "view", "-o", "json")
        assert json.loads(result.stdout) == [
            {"id": "NORIA_LOGGING_LEVEL", "value": "ERROR", "secret": False},
            {"id": "NORIA_PRIVACY_KEY", "value": "********", "secret": True},
        ]
        assert "s3cret" not in noria("profile", "view", tty=True).output

    def test_settings_have_origins(self, noria, tmp_path):
        (tmp_path / ".env").write_text("NORIA_LEASE_SECONDS=5", encoding="utf-8")
        result = noria(*VIEW, "--env-file", str(tmp_path / ".env"), NORIA_LOG_FORMAT="json")
        found = {row["id"]: (row["value"], row["origin"]) for row in json.loads(result.stdout)}
        assert found["NORIA_LOG_FORMAT"] == ("json", "environment")
        assert found["NORIA_LEASE_SECONDS"] == ("5.0", f".env ({tmp_path / '.env'})")
        assert found["NORIA_LOGGING_LEVEL"] == ("ERROR", "profile prod")
        assert found["NORIA_PRIVACY_KEY"] == ("********", "profile prod")

    def test_another_may_be_named(self, noria):
        result = noria(*VIEW, "--profile", "default")
        assert "NORIA_LOGGING_LEVEL" not in result.stdout
        assert os.environ["NORIA_PROFILE"] == "default"

    def test_a_copy_begins_with_the_same(self, noria):
        noria("profile", "create", "staging", "--from", "prod")
        noria("config", "unset", "logging_level", "--profile", "staging")
        assert noria("profile", "view", "staging", "-o", "name").stdout == "NORIA_PRIVACY_KEY\n"
        assert "NORIA_LOGGING_LEVEL" in noria("profile", "view", "prod").stdout

    def test_the_one_in_use_may_be_deleted(self, noria):
        assert noria("profile", "rm", "prod").exit_code == 0
        assert noria("profile", "ls").stdout == "default\ttrue\t0\n"

    def test_the_environment_above_it_is_told_of(self, noria):
        result = noria("config", "set", "log_format=json", NORIA_LOG_FORMAT="off")
        assert "NORIA_LOG_FORMAT is set in the environment, which wins" in result.stderr
        assert "wins" in noria("profile", "use", "default", NORIA_PROFILE="prod").stderr

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("profile", "use", "prd"), "Did you mean 'prod'?"),
            (("profile", "rm", "prd"), "Did you mean 'prod'?"),
            (("profile", "view", "prd"), "Did you mean 'prod'?"),
            (("config", "view", "--profile", "prd"), "NORIA_PROFILE is 'prd'"),
            (("profile", "create", "prod"), "already"),
            (("profile", "create", " "), "no name"),
            (("profile", "set", "loging_level=INFO"), "Did you mean 'NORIA_LOGGING_LEVEL'?"),
            (("profile", "set", "logging_level=LOUD"), "expected one of DEBUG"),
            (("profile", "set", "privacy_key=abc"), "cannot be given in a command"),
            (("profile", "unset", "log_format"), "does not set NORIA_LOG_FORMAT"),
        ],
    )
    def test_mistakes(self, noria, arguments, said):
        result = noria(*arguments)
        assert result.exit_code in (2, 6)
        assert result.stderr.startswith("error[N0")
        assert said in result.stderr

    def test_nothing_changed_by_a_mistake(self, noria):
        before = noria("profile", "view", "prod").stdout
        noria("profile", "set", "log_format=json", "loging_level=INFO")
        assert noria("profile", "view", "prod").stdout == before


def test_a_variable_that_is_no_setting_is_told_of(noria):
    result = noria("config", "view", NORIA_LOGING_LEVEL="INFO")
    assert "NORIA_LOGING_LEVEL is in the environment, but no setting." in result.stderr
    assert "Did you mean 'NORIA_LOGGING_LEVEL'?" in result.stderr


def test_the_settings_of_a_flow_come_from_the_profile(real_noria, workplace):
    (workplace / "f.py").write_text(
        "from noria import flow\nfrom noria.settings import get_current_settings\n"
        "@flow\ndef f():\n    return get_current_settings().tasks.default_retries\n",
        encoding="utf-8",
    )
    (workplace / "dev.env").write_text("NORIA_TASKS_DEFAULT_RETRIES=3", encoding="utf-8")
    result = real_noria("run", "f.py", "--env-file", "dev.env", "-o", "json")
    assert json.loads(result.stdout)["result"] == 3
