"""People who answer runs that wait, as threads."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from noria.core.records import PauseRow
from noria.engine import pauses
from noria.flow_runs import resume_flow_run

Answer = Callable[[PauseRow], object]


class People:
    """Each time a run begins to wait in its process, the next of them comes, in a thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[Answer] = []
        self.asked: list[PauseRow] = []
        self.raised: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        enter = pauses._enter

        def entered(stop: pauses.Stop, row: PauseRow) -> None:
            enter(stop, row)
            self.asked.append(row)
            if self.answers:
                self._come(self.answers.pop(0), row)

        monkeypatch.setattr(pauses, "_enter", entered)

    def resume(self, *inputs: Any) -> None:
        """The next to come resume the run with these inputs."""
        for given in inputs:
            self.answers.append(lambda row, given=given: resume_flow_run(id_of(row), given))

    def _come(self, answer: Answer, row: PauseRow) -> None:
        def come() -> None:
            try:
                answer(row)
            except BaseException as exc:  # noqa: BLE001 - told in `leave`
                self.raised.append(exc)

        thread = threading.Thread(target=come)
        self._threads.append(thread)
        thread.start()

    def leave(self) -> None:
        """All have gone; what went wrong for one of them fails the test."""
        for thread in self._threads:
            thread.join()
        assert self.raised == []


def id_of(row: PauseRow) -> uuid.UUID:
    """The run that waits."""
    return uuid.UUID(bytes=row.flow_run)
