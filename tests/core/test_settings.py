"""Settings from an environment, and what is said of those that cannot be used."""

import os

import pytest

from noria.core import settings
from noria.core.errors import ConfigurationError
from noria.core.settings import Settings, load


def test_an_empty_environment_gives_the_defaults():
    assert load({}) == Settings()


@pytest.mark.parametrize("field", Settings._fields)
def test_every_field_has_its_variable(field):
    samples = {bool: ("true", True), int: ("7", 7), float: ("1.5", 1.5)}
    texts = {
        "log_format": ("json", "json"),
        "logging_level": ("DEBUG", "DEBUG"),
        "database_url": ("sqlite:///a.db", "sqlite:///a.db"),
        "retention": ("7d", "7d"),
    }
    default = Settings._field_defaults[field]
    text, value = texts.get(field) or samples.get(type(default)) or ("other", "other")
    loaded = load({f"NORIA_{field.upper()}": text})
    assert getattr(loaded, field) == value
    assert loaded._replace(**{field: default}) == Settings()


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("Yes", True), (" on ", True), ("false", False), ("OFF", False), ("", False)],
)
def test_words_for_true_and_false(text, value):
    assert load({"NORIA_TASKS_REFRESH_CACHE": text}).tasks_refresh_cache is value


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("NORIA_TASKS_REFRESH_CACHE", "maybe", "is 'maybe'; expected true or false."),
        ("NORIA_RESULTS_INLINE_LIMIT", "many", "is 'many'; expected a number."),
        ("NORIA_RESULTS_INLINE_LIMIT", "-1", "is '-1'; expected 0 or more."),
        ("NORIA_LEASE_SECONDS", "nan", "is 'nan'; expected 0 or more."),
        ("NORIA_LEASE_SECONDS", "inf", "is 'inf'; expected 0 or more."),
        ("NORIA_LOG_FORMAT", "jsn", "Did you mean 'json'?"),
        ("NORIA_LOGGING_LEVEL", "LOUD", "expected one of DEBUG, INFO"),
        ("NORIA_LOGGING_LEVEL", "debg", "Did you mean 'DEBUG'?"),
        ("NORIA_LOGGING_LEVEL", "²", "expected one of DEBUG, INFO"),
        ("NORIA_DATABASE_URL", "sqlite:///", "expected sqlite:///path/to/file.db"),
        ("NORIA_DATABASE_URL", "sqlite://a.db", "expected sqlite:///path/to/file.db"),
        ("NORIA_DATABASE_URL", "mysql://host/db", "expected sqlite:///path/to/file.db"),
        ("NORIA_DATABASE_URL", "postgresql://", "expected sqlite:///path/to/file.db or postgres"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(variable, text, message):
    with pytest.raises(ConfigurationError) as caught:
        load({variable: text}).database  # noqa: B018 - a database is only looked at when used
    assert str(caught.value).startswith(f"{variable} is {text!r}")
    assert message in str(caught.value)


def test_a_password_of_a_wrong_url_is_not_repeated():
    with pytest.raises(ConfigurationError, match=r"'mysql://…@host/db'") as caught:
        load({"NORIA_DATABASE_URL": "mysql://me:s3cret@host/db"}).database  # noqa: B018 - see above
    assert "s3cret" not in str(caught.value)


def test_other_variables_are_not_read():
    assert load({"HOME": "/x", "NORIAHOME": "/y", "PREFECT_HOME": "/z"}) == Settings()


def test_paths_stand_under_the_home(tmp_path):
    found = load({"NORIA_HOME": str(tmp_path)})
    assert found.home_path == str(tmp_path)
    assert found.database == os.path.join(tmp_path, "noria.db")
    assert found.results_path == os.path.join(tmp_path, "results")
    assert found.spool_path == os.path.join(tmp_path, "spool")


def test_the_home_may_be_relative_to_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({}).home_path == os.path.join(tmp_path, ".noria")


def test_an_empty_home_is_the_default_one(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({"NORIA_HOME": ""}).home_path == os.path.join(tmp_path, ".noria")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////data/库.db", "/data/库.db"),
        ("sqlite:///~/a.db", "{home}/a.db"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite:///a.db", "{cwd}/a.db"),
        ("postgresql://me:pw@host:5432/db", "postgresql://me:pw@host:5432/db"),
        ("postgres://host/db", "postgresql://host/db"),
        ("postgresql+asyncpg://me@/db?host=/run", "postgresql://me@/db?host=/run"),
    ],
)
def test_where_the_database_is(monkeypatch, tmp_path, url, path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    expected = path.format(home=tmp_path, cwd=tmp_path)
    assert load({"NORIA_DATABASE_URL": url}).database == expected


def test_results_may_stand_elsewhere():
    assert load({"NORIA_RESULTS_STORAGE": "s3://bucket"}).results_path == "s3://bucket"


@pytest.mark.parametrize(
    ("text", "number"), [("INFO", 20), ("debug", 10), ("Warn", 30), ("25", 25)]
)
def test_levels_have_numbers(text, number):
    assert settings.level_number(load({"NORIA_LOGGING_LEVEL": text})) == number
