"""Names of time zones, as people give them."""

from __future__ import annotations

import pytest

from noria.core.errors import InvalidSchedule
from noria.core.schedules.zones import zone


def answer(name):
    with pytest.raises(InvalidSchedule) as caught:
        zone(name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Asia/Shanghi", "Asia/Shanghai"),
        ("asia/shanghai ", "Asia/Shanghai"),
        ("Shanghai", "Asia/Shanghai"),
        ("Shangai", "Asia/Shanghai"),
        ("New York", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
    ],
)
def test_a_name_that_is_near_is_offered(given, meant):
    assert answer(given).endswith(f"Did you mean {meant!r}?")


@pytest.mark.parametrize("given", ["Asia/Beijing", "Beijing", "北京", "上海"])
def test_china_has_one_zone_under_the_name_of_one_city(given):
    assert answer(given).endswith("Did you mean 'Asia/Shanghai'?")


@pytest.mark.parametrize("given", ["CST", "local", "IST", "Asia/Nowhere at all"])
def test_what_is_near_to_nothing_gets_no_guess(given):
    assert "Did you mean" not in answer(given)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("UTC+8", "Etc/GMT-8"),
        ("GMT+08:00", "Etc/GMT-8"),
        ("+08:00", "Etc/GMT-8"),
        ("utc-5", "Etc/GMT+5"),
    ],
)
def test_an_offset_is_a_zone_under_another_name(given, meant):
    assert answer(given).endswith(f"is {meant!r}.")
    assert zone(meant).key == meant


@pytest.mark.parametrize("given", ["+05:30", "UTC+99", None, 8, b"\xff", ""])
def test_anything_else_is_refused_in_the_same_words(given):
    assert answer(given).startswith(f"There is no time zone {given!r}; expected an IANA name")
