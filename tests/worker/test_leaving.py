"""The process of a run ends as any program does."""

from __future__ import annotations

import signal
import threading

import pytest

from noria.core.states import StateType
from noria.worker import leaving


@pytest.mark.parametrize("lab", ["sqlite"], indirect=True)
def test_what_a_run_has_begun_is_brought_to_its_end(lab):
    lab.worker()
    lab.gate("gate")
    (row,) = lab.ended(lab.run_of("leaves"))
    assert row.state is StateType.COMPLETED
    ((pid,),) = lab.noted("left")
    lab.open("gate")
    lab.gone(pid)
    assert {line.split()[0] for line in lab.effects()} == {"left", "pool", "thread", "atexit"}
    assert lab.effects()[-1] == "atexit"
    assert (lab.folder / "rows.csv").read_text() == "row"


def test_a_thread_that_goes_on_for_ever_is_left_behind(monkeypatch, capsys):
    monkeypatch.setattr(leaving, "PATIENCE_SECONDS", 0.05)
    never = threading.Event()
    monkeypatch.setattr(leaving.threading, "_shutdown", never.wait)
    monkeypatch.setattr(leaving.atexit, "_run_exitfuncs", lambda: None)
    before = signal.getsignal(signal.SIGALRM)
    leaving.see_off()
    assert "have gone on for 0.05 s after its end, and are ended" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGALRM) is before
