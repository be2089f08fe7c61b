"""Record the golden answers: run every case on the reference implementation.

Run this file with a Python that has the reference installed, from anywhere; name topics to record
only those. It starts a server in a temporary home, unless PREFECT_API_URL names one.

    python record.py [--check] [--only WORD] [topic ...]
"""

# Run by hand against another library: it prints, waits, and catches whatever a case raises.
# ruff: noqa: BLE001, T201, TID251

from __future__ import annotations

import argparse
import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's path starts at its own folder

from tests.oracle import harness, surface

START_SECONDS = 90
CASE_SECONDS = 20
SLOW_SECONDS = 3


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def reference_server() -> Iterator[str]:
    """A server of the reference for the time of the recording; yields its API's address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ui",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/api"
        wait_for_health(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for_health(address: str) -> None:
    """Return once the server answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(
        f"the reference's server at {address} did not answer within {START_SECONDS} s"
    )


def prepare(home: str) -> None:
    """Quiet the reference and keep it out of the user's own home."""
    os.environ["PREFECT_HOME"] = home
    os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    warnings.simplefilter("ignore")


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Interrupt the body after some seconds."""

    def give_up(number: int, frame: object) -> None:
        raise harness.CaseTimeout(f"no answer within {seconds} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


@contextmanager
def own_storage() -> Iterator[None]:
    """Keep the cached results of one case from another."""
    from prefect.settings import (  # noqa: PLC0415 - not installed where the tests run
        PREFECT_LOCAL_STORAGE_PATH,
        temporary_settings,
    )

    with (
        tempfile.TemporaryDirectory() as folder,
        temporary_settings({PREFECT_LOCAL_STORAGE_PATH: folder}),
    ):
        yield


def without_heartbeats() -> None:
    """Spare each flow run the second in which the reference waits for its heartbeat thread."""
    engine = importlib.import_module("prefect.flow_engine")
    engine.BaseFlowRunEngine.heartbeat_seconds = None


def record(topic: str, only: str, check: bool) -> tuple[int, int]:
    """Run a topic's cases; write or compare. Returns how many ran and how many went wrong."""
    kept = harness.read_golden(topic) if (harness.GOLDEN / f"{topic}.json").exists() else {}
    answers: dict[str, Any] = {}
    wrong = 0
    for name, case in harness.cases_of(topic).items():
        if only not in name:
            if name in kept:
                answers[name] = kept[name]
            continue
        began = time.monotonic()
        try:
            with time_limit(CASE_SECONDS), own_storage():
                answers[name] = harness.observe(case)
        except (Exception, harness.CaseTimeout):
            wrong += 1
            print(f"--- {topic}.{name}\n{traceback.format_exc(limit=-3)[-1500:]}", file=sys.stderr)
            continue
        took = time.monotonic() - began
        changed = name in kept and kept[name] != answers[name]
        if changed:
            print(f"~ {topic}.{name}: was {kept[name]!r}\n  is {answers[name]!r}")
            wrong += check
        if took > SLOW_SECONDS:
            print(f"slow {topic}.{name}: {took:.1f} s")
    if not check:
        harness.write_golden(topic, answers)
    return len(answers), wrong


def record_surface(check: bool) -> tuple[int, int]:
    """Describe the public names; write or compare. Returns how many, and how many changed."""
    found = surface.describe_all()
    if not check:
        harness.write_golden(surface.TOPIC, found)
        return len(found), 0
    kept = harness.read_golden(surface.TOPIC)
    changed = sorted(
        name for name in found.keys() | kept.keys() if found.get(name) != kept.get(name)
    )
    for name in changed:
        print(f"~ {surface.TOPIC}.{name}")
    return len(found), len(changed)


def main() -> int:
    """Record what was asked for; the exit code says whether every case gave an answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", default=[])
    parser.add_argument("--only", default="", help="record only cases whose name contains this")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if an answer changed"
    )
    options = parser.parse_args()
    chosen = options.topics or [*harness.topics(), surface.TOPIC]
    with tempfile.TemporaryDirectory() as home:
        prepare(home)
        if "PREFECT_API_URL" in os.environ:
            wrong = record_all(chosen, options.only, options.check)
        else:
            with reference_server() as address:
                os.environ["PREFECT_API_URL"] = address
                wrong = record_all(chosen, options.only, options.check)
    return 1 if wrong else 0


def record_all(chosen: list[str], only: str, check: bool) -> int:
    """Record the topics one after the other; returns how many cases went wrong."""
    without_heartbeats()
    total = wrong = 0
    for topic in chosen:
        began = time.monotonic()
        ran, failed = (
            record_surface(check) if topic == surface.TOPIC else record(topic, only, check)
        )
        print(f"{topic}: {ran} cases, {failed} wrong, {time.monotonic() - began:.1f} s")
        total, wrong = total + ran, wrong + failed
    print(f"{total} cases, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
