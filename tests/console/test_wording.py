from __future__ import annotations

import pytest

from noria.console import wording
from noria.console.events import Failure


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0.0 ms"),
        (-5, "0.0 ms"),
        (400, "0.4 ms"),
        (99_400, "99 ms"),
        (99_600, "0.10 s"),
        (213_000, "0.21 s"),
        (9_994_000, "9.99 s"),
        (12_440_000, "12.4 s"),
        (59_960_000, "1 min 00 s"),
        (185_000_000, "3 min 05 s"),
        (7_620_000_000, "2 h 07 min"),
    ],
)
def test_durations(micros: int, text: str):
    assert wording.duration(micros) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (240, "4 min"), (7_800, "2 h 10 min")]
)
def test_guesses(seconds: float, text: str):
    assert wording.about(seconds) == text


@pytest.mark.parametrize(
    ("error", "message", "failure"),
    [
        (None, "killed", Failure("", "killed", "")),
        (None, None, Failure("", "", "")),
        ("{broken", "m", Failure("", "{broken", "")),
        ('{"type": "E", "message": null}', "m", Failure("E", "", "")),
    ],
)
def test_failures(error: str | None, message: str | None, failure: Failure):
    assert wording.failure_of(error, message) == failure


def test_fields_are_quoted_where_they_would_be_misread():
    extra = '{"a": "x", "b": "x y", "c": "", "d": "1=2", "e": null, "f": {"g": "购"}, "h": true}'
    text, traceback = wording.extra_fields(extra)
    assert text == 'a=x b="x y" c="" d="1=2" e=null f={"g": "购"} h=true'
    assert traceback is None
    assert wording.extra_fields('["no object"]') == ('["no object"]', None)
    long, _ = wording.extra_fields('{"k": "%s"}' % ("x" * 500))
    assert len(long) == 202
