"""Real workers, and the flows that they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noria.backend.deployments_port import RunRequest
from noria.backend.local import LocalBackend
from noria.backend.port import RunFilter
from noria.backend.processes import start_time
from noria.core import clock
from noria.core.deployments import DeploymentSpec, OnCrash
from noria.core.jsontext import from_json
from noria.core.records import FlowRunRow
from noria.core.states import TERMINAL_STATES, StateType

PATIENCE = 60.0
"""Seconds after which a condition has not come about; a busy machine is slow."""

ALL = RunFilter(limit=1000)

FLOWS = '''
import atexit, os, signal, subprocess, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from noria import flow, suspend_flow_run, task
from noria.session import open_session

def note(*words):
    with open("effects", "a") as file:
        file.write(" ".join(map(str, words)) + "\\n")

def settled(*words):
    open_session().journal.flush()
    note(*words)

def gate(name):
    # Opening a pipe waits until the test opens its other end.
    with open(name) as pipe:
        pipe.read()

@task
def step(n):
    note("step", n)
    return n

@flow
def plain(n=0):
    return step(n)

@flow
def gated(name):
    step(1)
    settled("at", name, os.getpid())
    gate(name)
    step(2)

@flow
def dies(times):
    """Dies by SIGKILL in its first `times` executions, between its tasks."""
    step(1)
    settled("dies")
    if open("effects").read().count("dies") <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    step(2)

@flow
def fails():
    raise ValueError("不行")

def tell(flow, run, state):
    from noria import get_run_logger
    get_run_logger().warning("told of %s", run.name)
    print("a hook prints")
    note("hook", state.type.value, run.id.hex, (state.message or "").replace(" ", "_"))

def refuse(flow, run, state):
    raise ValueError("a hook refuses")

@flow(on_crashed=[refuse, tell], on_cancellation=[tell])
def hooked():
    settled("hooked", os.getpid())
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            note("unmoved")

@flow
def asks():
    step(1)
    answer = suspend_flow_run(wait_for_input=int)
    note("answered", answer, os.getpid())
    step(2)

@flow
def spins():
    settled("spins", os.getpid())
    while True:
        pass

@flow
def sleeps():
    settled("sleeps", os.getpid())
    time.sleep(3600)

@flow
def waits_for_a_program():
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    settled("program", os.getpid(), program.pid)
    program.wait()

@flow
def deaf():
    """Holds the lock of the interpreter, in C, for hours."""
    settled("deaf", os.getpid())
    import ctypes
    ctypes.PyDLL(None).sleep(3600)

@flow
def leaves():
    """Ends while much is still to be done."""
    global kept
    kept = open("rows.csv", "w")
    kept.write("row")
    atexit.register(note, "atexit")
    threading.Thread(target=lambda: (gate("gate"), note("thread"))).start()
    pool = ThreadPoolExecutor(1)
    pool.submit(note, "pool")
    note("left", os.getpid())

@flow(timeout_seconds=0.2)
def limited():
    """Goes on, whatever its timeout raises in it."""
    settled("limited", os.getpid())
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            note("unmoved")

@flow
def stubborn():
    """Goes on, whatever is raised in it."""
    settled("stubborn", os.getpid())
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            note("unmoved")
'''


class Lab:
    """A folder with flows, a store, and the workers that a test starts."""

    def __init__(self, folder: Path, location: str) -> None:
        self.folder = folder
        self.home = Path(os.environ["NORIA_HOME"])
        (folder / "flows.py").write_text(FLOWS, encoding="utf-8")
        self.backend = LocalBackend(location)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._stopped: list[int] = []

    def deployed(self, flow: str, name: str = "test", **fields: Any) -> bytes:
        """The id of a deployment of one of the flows."""
        if "on_crash" in fields:
            fields["on_crash"] = OnCrash(fields["on_crash"])
        fields = {"entrypoint": f"flows.py:{flow}", "path": str(self.folder), **fields}
        spec = DeploymentSpec(flow.replace("_", "-"), name, **fields)
        self.backend.apply_deployments([spec], clock.now())
        (row,) = self.backend.find_deployments(spec.full_name)
        return row.id

    def asked(self, deployment: bytes, **parameters: Any) -> bytes:
        """A run that was asked for."""
        now = clock.now()
        row = self.backend.request_run(RunRequest(deployment, now, parameters), now)
        assert row is not None
        return row.id

    def run_of(self, flow: str, parameters: dict[str, Any] | None = None, **fields: Any) -> bytes:
        """A run of a new deployment."""
        return self.asked(self.deployed(flow, **fields), **parameters or {})

    def worker(self, *options: str, program: str | None = None, **environ: str) -> Any:
        """A worker, in a process of its own."""
        command = ["-c", program] if program else ["-m", "noria", "worker", "start", *options]
        log = open(self.folder / f"worker-{len(self.workers)}.log", "wb")  # noqa: SIM115
        with log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.folder,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.workers.append(process)
        return process

    def said(self, number: int = 0) -> str:
        """What a worker has written."""
        return (self.folder / f"worker-{number}.log").read_text(encoding="utf-8")

    def row(self, flow_run: bytes) -> FlowRunRow:
        """A run, as it is now."""
        row = self.backend.flow_run(flow_run)
        assert row is not None
        return row

    def ended(self, *flow_runs: bytes) -> list[FlowRunRow]:
        """Some runs, once they have ended."""
        for each in flow_runs:
            self.until(lambda each=each: self.row(each).state in TERMINAL_STATES)
        return [self.row(each) for each in flow_runs]

    def in_state(self, flow_run: bytes, state: StateType) -> FlowRunRow:
        """A run, once it is in a state."""
        self.until(lambda: self.row(flow_run).state is state)
        return self.row(flow_run)

    def effects(self) -> list[str]:
        """What the flows have noted, in order."""
        file = self.folder / "effects"
        return file.read_text().splitlines() if file.exists() else []

    def noted(self, word: str, count: int = 1) -> list[list[str]]:
        """The notes that begin with a word, once there are so many of them."""
        self.until(lambda: len(self._notes(word)) >= count)
        return self._notes(word)

    def _notes(self, word: str) -> list[list[str]]:
        return [line.split()[1:] for line in self.effects() if line.split()[0] == word]

    def gate(self, name: str) -> str:
        """A gate that a flow waits at, until it is opened."""
        os.mkfifo(self.folder / name)
        return name

    def open(self, name: str) -> None:
        """Let who waits at a gate go on."""
        with open(self.folder / name, "w"):
            pass

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait for a condition."""
        end = clock.monotonic() + PATIENCE
        while not condition():
            if clock.monotonic() > end:
                states = [(row.run.state, row.run.message) for row in self.backend.flow_runs(ALL)]
                logs = [self.said(number) for number in range(len(self.workers))]
                raise AssertionError(f"it has not come about; {states} {self.effects()} {logs}")
            clock.pause(0.01)

    def gone(self, *pids: int | str) -> None:
        """Wait until processes have ended."""
        for pid in pids:
            self.until(lambda pid=pid: start_time(int(pid)) is None)

    def nursery_of(self, worker: Any) -> int:
        """The process that a worker's children come from."""
        found: list[int] = []
        self.until(lambda: found.extend(_children_of(worker.pid)) or found)
        return found[-1]

    def kill(self, pid: int) -> None:
        """End a process as nothing else ends it."""
        os.kill(pid, signal.SIGKILL)
        self.gone(pid)

    def stop(self, pid: int) -> None:
        """Freeze a process."""
        os.kill(pid, signal.SIGSTOP)
        self.until(lambda: _state(pid) == "T")
        self._stopped.append(pid)

    def go_on(self, *pids: int) -> None:
        """Let processes that were frozen go on."""
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
            self._stopped.remove(pid)

    def crashes(self, flow_run: bytes) -> int:
        """How often a run has crashed."""
        history = from_json(self.row(flow_run).history or "[]")
        return sum(entry[0] == "Crashed" for entry in history)

    def close(self) -> None:
        """End all workers, and what they have left."""
        for pid in self._stopped:
            if start_time(pid) is not None:
                os.kill(pid, signal.SIGCONT)
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        for line in self.effects():
            for pid in [int(word) for word in line.split() if word.isdigit() and len(word) > 3]:
                if start_time(pid) is not None:
                    os.kill(pid, signal.SIGKILL)
        self.backend.close()


def _children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
