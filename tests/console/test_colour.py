from __future__ import annotations

import subprocess
import sys

import pytest

from noria.console import Console, attach
from noria.console.guard import Guard
from noria.core.records import Record
from noria.core.settings import Settings
from noria.core.states import StateType
from tests.console.conftest import Attach, Shown
from tests.console.rows import MS, NOON, SECOND, SteppedClock, error, flow, group, log, task
from tests.console.terminal import Terminal


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of known width and colours, whatever the tests run in."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "40")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal()


def watch(terminal: Terminal, patch: pytest.MonkeyPatch, level: str = "INFO") -> Console:
    """A console of form `auto`, on a terminal."""
    patch.setattr(sys, "stderr", terminal)
    made = attach(Settings(logging_level=level))
    assert made is not None
    return made


RECORDS: list[Record] = [
    flow(),
    group(1, "清洗"),
    log("[bold]literally[/] :smile: 🚀", extra={"action": "购买"}),
    task(0x100, took=20 * MS),
    task(0x200, StateType.FAILED, took=20 * MS, error=error("OSError", "磁盘 [red]已满")),
    flow(StateType.COMPLETED, end=NOON + SECOND),
]


def test_without_a_terminal_the_words_are_those_of_plain(console: Attach, shown: Shown):
    console("rich").see(RECORDS)
    coloured = shown()
    console("plain").see(RECORDS)
    assert coloured == shown()
    assert "| [bold]literally[/] :smile: 🚀  action=购买\n" in coloured


def test_colours(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch, shown: Shown
):
    watch(terminal, monkeypatch).see(RECORDS[:4])
    assert terminal.getvalue() == (
        "\x1b[2m12:00:00.000 \x1b[0m\x1b[34m◐ \x1b[0m\x1b[1mflights\x1b[0m\x1b[2m · \x1b[0m"
        "\x1b[36mbrave-otter\x1b[0m\n"
        "\x1b[2m12:00:00.000\x1b[0m\x1b[2m | \x1b[0mINFO   \x1b[2m | \x1b[0m"
        "\x1b[36mbrave-otter\x1b[0m\x1b[2m | \x1b[0m[bold]literally[/] :smile: 🚀"
        "\x1b[2m  action=购买\x1b[0m\n"
        "\x1b[2m12:00:00.020   \x1b[0m\x1b[32m✓ \x1b[0m\x1b[36m清洗-100\x1b[0m"
        "\x1b[2m  20 ms\x1b[0m\n"
    )


def test_no_color_is_honoured(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NO_COLOR", "1")
    watch(terminal, monkeypatch).see(RECORDS[:2])
    text = terminal.getvalue()
    assert "\x1b[34m" not in text
    assert "\x1b[36m" not in text


def test_long_lines_are_not_broken(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    watch(terminal, monkeypatch).see([log("很长" * 200, run=None)])
    assert terminal.screen.count("\n") == 1


def test_a_users_colours_are_kept_and_other_codes_dropped(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    watch(terminal, monkeypatch).see([log("\x1b[31mred\x1b[0m \x1b[2Jrest", run=None)])
    assert "\x1b[31mred\x1b[0m" in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


def test_bars_while_large_groups_run_and_a_line_when_they_end(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    tap = watch(terminal, monkeypatch)
    tap.see([flow(), group(1, "fetch", expected=200), group(2, "按月", expected=12)])
    assert "━" not in terminal.screen
    stepped.step(2)
    tap.see([task(n, took=MS) for n in range(100)])
    tap.see([task(n, group=2, took=MS) for n in range(100, 103)])
    stepped.step(2)
    tap.see([task(0x200, StateType.FAILED, took=MS, error=error("OSError", "no"))])
    assert terminal.screen == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.001   ■ fetch-200  1 ms  OSError: no\n"
        "                 flights.py:31 in fetch\n"
        "◐ fetch  ━━━━━━━━━━━━╺━━━━━━━━━━━  101 of 200  25/s · 4 s left · 1 failed\n"
        "◐ 按月   ━━━━━━╺━━━━━━━━━━━━━━━━━  3 of 12     45.0/min · 12 s left\n"
    )
    tap.see([task(n, took=MS) for n in range(1000, 1099)])
    assert terminal.screen == (
        "12:00:00.000 ◐ flights · brave-otter\n"
        "12:00:00.001   ■ fetch-200  1 ms  OSError: no\n"
        "                 flights.py:31 in fetch\n"
        "12:00:00.001   ■ fetch ×200  1 ms · 1 failed\n"
        "◐ 按月   ━━━━━━╺━━━━━━━━━━━━━━━━━  3 of 12  45.0/min · 12 s left\n".replace(
            "按月   ", "按月  "
        )
    )
    tap.see([flow(StateType.CANCELLED, end=NOON + 5 * SECOND, message="interrupted")])
    assert "━" not in terminal.screen
    assert sys.stderr is terminal


def test_no_more_bars_than_have_room(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    tap = watch(terminal, monkeypatch)
    tap.see([flow(), *(group(n, f"fetch_{n}", expected=50) for n in range(20))])
    stepped.step(1)
    tap.idle()
    lines = terminal.screen.splitlines()
    assert len(lines) == 9
    assert lines[-1] == "  and 13 more"


def test_a_loop_that_has_stopped_loses_its_bar(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    tap = watch(terminal, monkeypatch)
    tap.see([flow(), group(1, "fetch")])
    stepped.step(1)
    tap.see([task(n, took=MS) for n in range(100)])
    assert terminal.lines[-2].startswith("◐ fetch    100 done  100/s")
    stepped.step(4)
    tap.idle()
    assert "100 done" not in terminal.screen


def test_prints_of_tasks_go_above_the_bars(
    terminal: Terminal,
    stepped: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
):
    tap = watch(terminal, monkeypatch)
    monkeypatch.setattr(sys, "stdout", terminal)
    tap.see([flow(), group(1, "fetch", expected=50)])
    stepped.step(1)
    tap.idle()
    assert isinstance(sys.stdout, Guard)
    print("from a task")  # noqa: T201
    assert terminal.screen == "12:00:00.000 ◐ flights · brave-otter\nfrom a task\n"
    stepped.step(1)
    tap.idle()
    bar = "◐ fetch  ━━━━━━━━━━━━━━━━━━━━━━━━  0 of 50"
    assert terminal.screen == f"12:00:00.000 ◐ flights · brave-otter\nfrom a task\n{bar}\n"

    sys.stderr.write("half a ")
    stepped.step(1)
    tap.idle()
    assert terminal.lines[-1] == "half a "
    sys.stderr.writelines(["line", "\n"])
    stepped.step(1)
    tap.idle()
    assert terminal.screen.endswith(f"\nhalf a line\n{bar}\n")

    tap.close()
    assert sys.stdout is sys.stderr is terminal
    assert "━" not in terminal.screen


def test_half_a_line_is_ended_before_one_of_ours(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    tap = watch(terminal, monkeypatch)
    tap.see([flow(), group(1, "fetch", expected=50)])
    stepped.step(1)
    tap.idle()
    sys.stderr.write("50%")
    tap.see([log("ours")])
    assert terminal.lines[1:3] == ["50%", "12:00:00.000 | INFO    | brave-otter | ours"]


def test_a_stream_put_in_the_place_of_a_guard_stays(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    tap = watch(terminal, monkeypatch)
    tap.see([flow(), group(1, "fetch", expected=50)])
    stepped.step(1)
    tap.idle()
    other = Terminal()
    guard = sys.stderr
    sys.stderr = other
    tap.close()
    assert sys.stderr is other
    guard.write("late\n")
    assert terminal.lines[-2] == "late"


def test_no_bars_on_a_dumb_terminal(
    terminal: Terminal, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TERM", "dumb")
    tap = watch(terminal, monkeypatch)
    tap.see([flow(), group(1, "fetch", expected=50)])
    stepped.step(1)
    tap.idle()
    assert terminal.screen == "12:00:00.000 ◐ flights · brave-otter\n"


def test_rich_is_not_loaded_without_a_terminal():
    code = (
        "import sys; from noria.console import attach; from noria.core.settings import Settings\n"
        "tap = attach(Settings()); tap.see([]); tap.idle(); tap.close()\n"
        "assert attach(Settings(log_format='rich'))\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('rich', 'logging')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
