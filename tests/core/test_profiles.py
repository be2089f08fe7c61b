"""The file of profiles, and which source of a setting wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import ConfigurationError, MissingProfileError
from noria.core.profiles import (
    Layers,
    Profiles,
    hidden,
    is_secret,
    origins,
    parse,
    render,
    unknown_variables,
    variable_of,
)
from noria.core.settings import Settings


@given(
    st.text(),
    st.dictionaries(
        st.text(min_size=1),
        st.dictionaries(
            st.sampled_from(["NORIA_RESULTS_STORAGE", "NORIA_LOGGING_EXTRA_LOGGERS"]), st.text()
        ),
    ),
)
def test_what_is_written_is_read_again(active, named):
    def writable(text):
        return text.encode("utf-8", "ignore").decode()

    named = {
        writable(name) or "x": {key: writable(text) for key, text in table.items()}
        for name, table in named.items()
    }
    profiles = Profiles(writable(active), named)
    assert parse(render(profiles), "p.toml") == profiles


@pytest.mark.parametrize(
    "key", ["log_format", "LOG_FORMAT", "log.format", "NORIA_LOG_FORMAT", "noria_log_format"]
)
def test_a_setting_has_several_spellings(key):
    assert variable_of(key) == "NORIA_LOG_FORMAT"


@pytest.mark.parametrize("value", ['"true"', "true", "1"])
def test_values_may_be_of_any_simple_type(value):
    text = f"[profiles.dev]\ntasks_refresh_cache = {value}"
    assert parse(text, "p.toml").get("dev")["NORIA_TASKS_REFRESH_CACHE"] in ("true", "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profiles = ", "p.toml is no TOML"),
        ("activ = 'dev'", "no key 'activ'.*'active'"),
        ("active = 1", 'expected active = "NAME"'),
        ("profiles = 1", 'expected active = "NAME"'),
        ("[profiles]\ndev = 1", r"profile 'dev': expected a table \[profiles.dev\]"),
        ("[profiles.dev]\nloging_level = 'INFO'", "profile 'dev': there is no setting.*LOGGING"),
        ("[profiles.dev]\nlogging_level = 'LOUD'", "profile 'dev': NORIA_LOGGING_LEVEL is 'LOUD'"),
        ("[profiles.dev]\nlease_seconds = []", "LEASE_SECONDS is of type list; expected a text"),
        ("[profiles.dev]\nhome = '/x'", "NORIA_HOME cannot stand in a profile"),
        ("[profiles.dev]\nprofile = 'x'", "NORIA_PROFILE cannot stand in a profile"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        parse(text, "p.toml")
    assert str(caught.value).startswith("p.toml")


def test_an_unknown_profile_names_the_nearest_and_who_asked():
    profiles = Profiles(named={"production": {}})
    assert profiles.get("default") == {}
    with pytest.raises(MissingProfileError, match=r"NORIA_PROFILE is 'prodution'.*'production'"):
        profiles.get("prodution", "NORIA_PROFILE")


def test_the_strongest_layer_wins_and_is_named():
    layers = Layers(
        ("environment", {"NORIA_LOG_FORMAT": "json"}),
        ("profile dev", {"NORIA_LOG_FORMAT": "plain", "NORIA_LEASE_SECONDS": "5"}),
    )
    found = {row.variable: row for row in origins(layers)}
    assert found["NORIA_LOG_FORMAT"][1:3] == ("json", "environment")
    assert found["NORIA_LEASE_SECONDS"][1:3] == ("5.0", "profile dev")
    assert found["NORIA_JOURNAL_BUFFER"][1:3] == ("20000", "default")
    assert len(found) == len(Settings._fields)
    assert (len(layers), sorted(layers)) == (2, ["NORIA_LEASE_SECONDS", "NORIA_LOG_FORMAT"])


@pytest.mark.parametrize(
    ("variable", "text", "shown"),
    [
        ("NORIA_PRIVACY_KEY", "s3cret", "********"),
        ("NORIA_PRIVACY_KEY", "", ""),
        ("NORIA_RESULTS_STORAGE", "s3://bucket/a@b", "s3://b/a@b"),
        ("NORIA_RESULTS_STORAGE", "sftp://me:p@ss@host/a", "sftp://me:********@host/a"),
        ("NORIA_RESULTS_STORAGE", "sftp://me@host/a", "sftp://me@host/a"),
        ("NORIA_DATABASE_URL", "sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_secrets_are_hidden(variable, text, shown):
    assert hidden(variable, text) == (text if "bucket" in text else shown)


def test_every_key_is_a_secret():
    assert is_secret("NORIA_PRIVACY_KEY")
    assert not is_secret("NORIA_HOME")


def test_variables_that_are_no_settings_are_found():
    names = ["NORIA_LOGING", "NORIA_HOME", "NORIA__RUNTIME__FLOW_RUN__NAME", "PATH"]
    assert unknown_variables(names) == ["NORIA_LOGING"]
