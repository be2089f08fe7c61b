"""Flows in processes of their own, started and stopped by tests.

A script says on stdout where it is and goes on when it is told to on stdin, so that nothing is left
to chance but the moment at which a signal strikes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from noria.backend.local import LocalBackend
from noria.backend.port import RunFilter
from noria.core.records import FlowRunRow

HEAD = """
import asyncio, os, signal, sys, threading, time
from pathlib import Path
from noria import flow, task
from noria.session import open_session
from noria.task_runners import ThreadPoolTaskRunner

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def settled(*words):
    # Say something once all that has happened is on record.
    open_session().journal.flush()
    say(*words)

def note(what):
    with open(Path(__file__).with_suffix(".effects"), "a") as file:
        file.write(f"{what}\\n")
"""

TAIL = """
if __name__ == "__main__":
    main()
"""


class Script:
    """A script in a file, and the process that runs it."""

    def __init__(self, folder: Path, home: Path, body: str) -> None:
        self.path = folder / "script_under_test.py"
        self.path.write_text(HEAD + body + TAIL, encoding="utf-8")
        self.home = home
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        """Run the script."""
        self.process = subprocess.Popen(
            [sys.executable, str(self.path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.path.parent,
        )

    def hears(self, word: str) -> str:
        """Read lines until one begins with `word`; returns the rest of it."""
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return line[len(word) :].strip()
        raise AssertionError(f"the script ended without saying {word!r}: {self.ends()}")

    def tell(self) -> None:
        """Let the script go on."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def ends(self) -> tuple[int, str]:
        """Its exit code and what it has written to stderr."""
        assert self.process is not None
        _, errors = self.process.communicate()
        return self.process.returncode, errors

    def close(self) -> None:
        """End it if it has not ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def effects(self) -> list[str]:
        """What its tasks have done, in order."""
        file = self.path.with_suffix(".effects")
        return file.read_text().split() if file.exists() else []

    def store(self) -> LocalBackend:
        """The store it writes to."""
        return LocalBackend(str(self.home / "noria.db"))

    def run(self, **where: Any) -> FlowRunRow:
        """Its newest flow run."""
        backend = self.store()
        found = backend.flow_runs(RunFilter(**where))[0].run
        backend.close()
        return found

    def task_states(self) -> list[str]:
        """The states of the tasks of its newest flow run."""
        backend = self.store()
        rows = backend.task_runs(self.run().id)
        backend.close()
        return [row.state.value for row in rows]
