"""Bars on a scale of time."""

from hypothesis import given
from hypothesis import strategies as st

from noria.cli.timeline import Scale, axis, bar

SECOND = 1_000_000


def test_a_bar_covers_its_part_of_the_scale():
    assert bar(Scale(0, 100, 10), 20, 60, 40, running=False) == "  ━━━━    "


def test_the_shortest_call_is_still_to_be_seen():
    assert bar(Scale(0, 1_000_000, 10), 500_000, 500_000, 0, running=False) == "     ━    "


def test_a_bar_that_was_mostly_idle_is_drawn_sparse():
    assert bar(Scale(0, 100, 10), 0, 100, 49, running=False) == "┅" * 10


def test_what_goes_on_has_an_open_end():
    assert bar(Scale(0, 100, 10), 50, 100, 0, running=True) == "     ━━━━▸"


def test_what_has_not_begun_has_no_bar():
    assert bar(Scale(0, 100, 4), None, None, 0, running=False) == "    "


times = st.integers(min_value=0, max_value=10**12)


@given(times, times, times, times, st.integers(1, 80), st.booleans())
def test_a_bar_fills_exactly_the_scale_whatever_the_clock_did(start, end, first, last, n, running):
    assert len(bar(Scale(start, end, n), first, last, 0, running)) == n


@given(st.integers(1, 10**13), st.integers(1, 120))
def test_an_axis_begins_with_nought_and_stays_on_the_scale(end, columns):
    line = axis(Scale(0, end, columns))
    assert line.startswith("0")
    assert len(line) <= columns


def test_labels_are_round_numbers():
    assert axis(Scale(0, 60 * SECOND, 40)) == "0         15 s      30 s      45 s"
    assert axis(Scale(0, 5 * 3600 * SECOND, 30)) == "0           2 h         4 h"
    assert axis(Scale(0, 40_000, 40)) == "0         10 ms     20 ms     30 ms"
