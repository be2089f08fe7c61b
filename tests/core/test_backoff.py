"""Delays before a retry: how they may be given, which one is used, how far chance moves it."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.core.backoff import (
    check_jitter,
    delay_for,
    exponential_backoff,
    retry_delays,
    with_jitter,
)

checked = settings(derandomize=True, deadline=None)


def test_exponential_backoff_doubles():
    assert exponential_backoff(10)(4) == [10, 20, 40, 80]


def test_exponential_backoff_gives_no_more_delays_than_a_task_may_have():
    assert len(exponential_backoff(1)(80)) == 50


@pytest.mark.parametrize(
    ("given_delays", "expected"),
    [
        (None, None),
        (0, 0),
        (2.5, 2.5),
        ([1, 2], [1, 2]),
        ((1, 2), [1, 2]),
        (exponential_backoff(1), [1, 2, 4]),
        (lambda retries: retries * 2, 6),
    ],
)
def test_every_form_is_taken(given_delays, expected):
    assert retry_delays(given_delays, 3) == expected


@pytest.mark.parametrize("wrong", ["10", {"a": 1}, object()])
def test_another_form_is_refused(wrong):
    with pytest.raises(TypeError) as caught:
        retry_delays(wrong, 3)
    assert str(caught.value) == (
        "Invalid `retry_delay_seconds` provided; must be an int, float, list or callable. "
        f"Received type {type(wrong)}"
    )


def test_a_list_must_hold_numbers():
    with pytest.raises(TypeError, match=r"expected seconds as int or float, found '1' \(str\)"):
        retry_delays([1, "1"], 3)


def test_more_than_fifty_delays_are_refused():
    assert len(retry_delays([1] * 50, 3)) == 50  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Can not configure more than 50 retry delays per task\."):
        retry_delays([1] * 51, 3)


@pytest.mark.parametrize("wrong", [-1, math.inf, math.nan, [1, -1]])
def test_a_delay_must_be_possible(wrong):
    with pytest.raises(ValueError, match="must be 0 or more and finite"):
        retry_delays(wrong, 3)


def test_jitter_must_not_be_negative():
    with pytest.raises(ValueError, match=r"`retry_jitter_factor` must be >= 0\."):
        check_jitter(-0.1)


@pytest.mark.parametrize("wrong", [math.inf, math.nan])
def test_jitter_must_be_finite(wrong):
    with pytest.raises(ValueError, match="must be finite"):
        check_jitter(wrong)


@pytest.mark.parametrize("fine", [None, 0, 0.5, 3])
def test_other_jitter_is_fine(fine):
    check_jitter(fine)


@pytest.mark.parametrize(
    ("delays", "expected"),
    [(None, [0, 0, 0]), ([], [0, 0, 0]), (2, [2, 2, 2]), ([1, 5], [1, 5, 5])],
)
def test_the_last_delay_is_used_again(delays, expected):
    assert [delay_for(attempt, delays) for attempt in range(3)] == expected


@checked
@given(st.floats(0, 1e6), st.floats(0, 100), st.integers())
def test_jitter_stays_within_its_bounds(delay, factor, seed):
    moved = with_jitter(delay, factor, random.Random(seed))
    assert max(0, delay * (1 - factor)) * (1 - 1e-9) <= moved <= delay * (1 + factor) * (1 + 1e-9)


@pytest.mark.parametrize("factor", [0.1, 1, 2, 5])
def test_jitter_keeps_the_mean(factor):
    rng = random.Random(7)
    moved = [with_jitter(10, factor, rng) for _ in range(20_000)]
    assert sum(moved) / len(moved) == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("factor", [None, 0])
def test_no_jitter_leaves_the_delay_alone(factor):
    assert with_jitter(10, factor, random.Random(7)) == 10
