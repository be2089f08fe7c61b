from __future__ import annotations

import io
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from noria.console import Console, attach
from noria.console.plain import PlainView
from noria.console.stream import Stderr
from noria.console.tracker import Choice, Tracker
from noria.core.settings import Settings
from noria.core.states import StateType
from noria.journal.tap import Tap
from tests.console.conftest import Attach, Shown
from tests.console.rows import MS, SteppedClock, error, flow, group, log, task


def test_the_console_is_a_tap():
    tap: Tap | None = attach(Settings(log_format="plain"))
    assert tap is not None


def test_off_is_none():
    assert attach(Settings(log_format="off")) is None


def test_without_a_terminal_it_is_plain(console: Attach, shown: Shown):
    console("auto").see([flow()])
    assert shown() == "12:00:00.000 ◐ flights · brave-otter\n"


class Broken(io.StringIO):
    """Fails as a closed pipe does."""

    def write(self, text: str) -> int:
        raise BrokenPipeError("gone")

    def isatty(self) -> bool:
        raise ValueError("I/O operation on closed file")


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("form", ["auto", "plain", "rich", "json"])
@pytest.mark.parametrize("stream", [Broken, closed, lambda: None, object])
def test_a_broken_stderr_raises_nothing(
    form: str, stream: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, console: Attach
):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream())
        tap = console(form)
        tap.see([flow(), group(1, "fetch"), task(1, took=MS), log("hello")])
        tap.idle()
        tap.close()


def test_stderr_is_looked_up_at_every_write(
    console: Attach, monkeypatch: pytest.MonkeyPatch, shown: Shown
):
    for form in ("plain", "rich", "json"):
        tap = console(form)
        tap.see([log("first", run=None)])
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", other := io.StringIO())
            tap.see([log("second", run=None)])
        assert "first" in shown()
        assert "second" in other.getvalue()


def test_what_an_encoding_lacks_is_written_simpler(monkeypatch: pytest.MonkeyPatch):
    raw = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="gbk"))
        Stderr().write("✓ 清洗 🚀 — é\n")
        assert raw.getvalue().decode("gbk") == "+ 清洗 \\U0001f680 — é\n"


def test_a_mistake_of_the_display_ends_the_display_alone(shown: Shown, stepped: SteppedClock):
    tap = Console(PlainView(Stderr()), 20)
    tap.see([log("odd")._replace(level=None)])  # type: ignore[arg-type]
    tap.see([log("unseen", run=None)])
    tap.idle()
    tap.close()
    text = shown()
    assert text.startswith("noria: the display of runs has stopped (")
    assert text.endswith("see them with: noria runs ls\n")
    assert text.count("\n") == 1


def test_a_view_that_cannot_be_closed_is_survived(shown: Shown):
    class Stuck(PlainView):
        def close(self) -> None:
            raise RuntimeError("stuck")

    tap = Console(Stuck(Stderr()), 20)
    tap.close()
    tap.close()
    assert "(RuntimeError: stuck)" in shown()


def test_memory_does_not_grow_with_the_calls():
    tracker = Tracker(Choice(20))
    tracker.take([flow(), group(1, "fetch", expected=10**9)], 0, 0.0)
    fail = error("OSError", "no")

    def calls(start: int) -> None:
        for n in range(start, start + 2000):
            tracker.take([task(n, StateType.RUNNING), log("hello", task=n)], 0, 0.0)
            tracker.take([task(n, took=n)], 0, 0.0)
        tracker.take([task(start + 3000, StateType.FAILED, error=fail)], 0, 0.0)

    calls(0)
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        calls(10_000)
        calls(20_000)
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    grown = sum(stat.size_diff for stat in after.compare_to(before, "filename"))
    # The few hundred rows that are remembered have been replaced by newly measured ones.
    assert grown < 400_000


def test_runs_and_strangers_are_forgotten():
    tracker = Tracker(Choice(20))
    for n in range(500):
        key = n.to_bytes(16, "big")
        tracker.take([log("a line", run=key), flow(id=key)], 0, 0.0)
        tracker.take([flow(StateType.COMPLETED, id=key)], 0, 0.0)
    assert len(tracker._runs.active) == 0
    assert len(tracker._runs._past) == 64
