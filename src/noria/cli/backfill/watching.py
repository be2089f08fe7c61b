"""Following a backfill until all of its runs have ended."""

from __future__ import annotations

from noria.backend.backfills_port import BackfillUse
from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.backfill.rows import find_backfill, progress
from noria.cli.errors import Exit
from noria.core import clock
from noria.core.states import StateType

POLL_SECONDS = 0.5
REAP_EVERY = 10
"""Polls between two looks at whether the processes of runs are alive."""


def watch_backfill(app: App, backend: Backend, use: BackfillUse) -> BackfillUse:
    """Print how far a backfill is whenever that changes, until all of its runs have ended."""
    said = ""
    turn = 0
    while True:
        text = f"{use.ended:,} of {use.backfill.made:,}: {progress(use)}"
        if text != said:
            app.note(text)
            said = text
        if use.ended == use.backfill.made:
            return use
        clock.sleep(POLL_SECONDS)
        turn += 1
        if turn % REAP_EVERY == 0:
            backend.reap(clock.now())
        use = find_backfill(backend, use.backfill.id.hex())


def exit_code(use: BackfillUse) -> Exit:
    """0 when all runs completed, 1 when some failed, 8 when some were only cancelled."""
    if use.counts.get(StateType.FAILED) or use.counts.get(StateType.CRASHED):
        return Exit.RUN_FAILED
    return Exit.RUN_NOT_FINISHED if use.counts.get(StateType.CANCELLED) else Exit.OK
