"""The one clock, and stored times."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core import clock


class Stepped(clock.Clock):
    """Stands still, and moves by sleeping."""

    def __init__(self):
        self.seconds = 100.0

    def now(self):
        return int(self.seconds * 1_000_000)

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds


def test_the_installed_clock_is_asked():
    with clock.use(Stepped()):
        assert not clock.is_real()
        clock.sleep(5)
        assert clock.now() == 105_000_000
        assert clock.monotonic() == 105.0
    assert clock.is_real()


def test_the_previous_clock_comes_back_after_an_error():
    with pytest.raises(RuntimeError, match="inside"), clock.use(Stepped()):
        raise RuntimeError("inside")
    assert clock.is_real()


def test_clocks_nest():
    with clock.use(Stepped()) as outer, clock.use(Stepped()):
        clock.sleep(5)
        assert outer.monotonic() == 100.0


def test_the_real_clock_moves_forward():
    assert clock.monotonic() <= clock.monotonic()
    assert clock.to_datetime(clock.now()).year >= 2024
    clock.sleep(0)


@given(st.datetimes(timezones=st.timezones()))
def test_a_datetime_survives_being_stored(moment):
    stored = clock.to_datetime(clock.to_micros(moment))
    assert stored == moment.astimezone(datetime.UTC)
    assert stored.tzinfo is datetime.UTC


@given(st.integers(-(10**15), 10**17))
def test_a_stored_time_survives_being_read(micros):
    assert clock.to_micros(clock.to_datetime(micros)) == micros


def test_a_naive_datetime_is_taken_as_utc():
    assert clock.to_micros(datetime.datetime(1970, 1, 1, 0, 0, 1)) == 1_000_000  # noqa: DTZ001
