"""Rules of retention as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import ConfigurationError
from noria.core.retention import DEFAULT, MOST, STATES, cutoffs, describe, parse
from noria.core.settings import Settings, load
from noria.core.spans import DAY, HOUR, parse_span, span_text
from noria.core.states import TERMINAL_STATES, StateType


def test_the_default_names_every_state_that_a_run_can_end_in():
    assert set(STATES) == TERMINAL_STATES
    assert describe(parse(DEFAULT)) == DEFAULT
    assert Settings().retention_rules == parse("completed=30d") == parse("failed=90d")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("7d", "completed=7d,failed=7d,cancelled=7d,crashed=7d"),
        ("never", "completed=never,failed=never,cancelled=never,crashed=never"),
        (" OFF ", "completed=never,failed=never,cancelled=never,crashed=never"),
        (
            "failed = never , Completed=36h",
            "completed=1d12h,failed=never,cancelled=30d,crashed=90d",
        ),
    ],
)
def test_what_a_text_means(text, means):
    assert describe(parse(text)) == means


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("completed=30m", "has 'completed=30m'; expected between 1h and 36500d, or never"),
        ("40000d", "has '40000d'; expected between 1h and 36500d, or never"),
        ("compleated=3d", "has the state 'compleated'; a run ends in one of completed, failed"),
        ("running=3d", "has the state 'running'"),
        ("completed=3d,failed", "has 'failed'; expected an age after it: failed=30d"),
        ("completed=3d,completed=4d", "names completed twice"),
        ("soon", "has 'soon'; expected an age such as 30d"),
        ("", "has ''; expected an age"),
        ("失败=3d", "has the state '失败'"),
    ],
)
def test_what_cannot_be_understood_is_named(text, says):
    with pytest.raises(ConfigurationError) as caught:
        load({"NORIA_RETENTION": text})
    assert str(caught.value).startswith("NORIA_RETENTION ")
    assert says in str(caught.value)


ages = st.none() | st.integers(HOUR // 10**6, MOST // 10**6).map(lambda seconds: seconds * 10**6)


@given(st.fixed_dictionaries(dict.fromkeys(STATES, ages)))
def test_what_is_described_can_be_given(rules):
    assert parse(describe(rules)) == rules


@given(st.integers(0, 10**10))
def test_spans_are_written_as_they_are_read(seconds):
    assert parse_span(span_text(seconds * 10**6)) == seconds * 10**6


def test_from_when_on_runs_stay():
    rules = {StateType.COMPLETED: DAY, StateType.FAILED: None, StateType.CRASHED: 10**30}
    assert cutoffs(rules, 5 * DAY) == {
        StateType.COMPLETED: 4 * DAY,
        StateType.CRASHED: 5 * DAY - MOST,
    }
