"""Scripts as people write them, run as programs, with and without a main guard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.engine.processes.conftest import gone

UNGUARDED = """
    import enum, os, threading
    from dataclasses import dataclass
    import pydantic
    from noria import flow, get_run_logger, task
    from noria.task_runners import ProcessPoolTaskRunner

    print("the script runs", flush=True)
    FACTOR = 10
    ids = []

    class Colour(enum.Enum):
        RED = 1

    class Order(pydantic.BaseModel):
        amount: int

    @dataclass
    class Point:
        x: int
        def scaled(self):
            return Made(self.x * FACTOR)

    class Made:
        def __init__(self, x):
            self.x = x

    class Refused(Exception):
        pass

    def helper(n):
        return n * FACTOR

    @task
    def inner(n):
        return helper(n)

    @task
    def work(point, colour, order):
        assert colour is Colour.RED and isinstance(order, Order)
        return inner(point.x), point.scaled(), Colour.RED, Order(amount=order.amount + 1)

    @task
    def refuse(point):
        raise Refused(str(point))

    def main():
        \"\"\"A name that the child's own program has as well.\"\"\"

    @task
    def calls(fn):
        return fn.__qualname__, fn()

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
    def pipeline():
        results = work.map([Point(1), Point(2)], [Colour.RED] * 2, [Order(amount=3)] * 2).result()
        print([value for value, *_ in results])
        for _, made, colour, order in results:
            assert type(made) is Made and made.x in (10, 20), made
            assert colour is Colour.RED
            assert type(order) is Order and order.amount == 4
        assert calls.submit(main).result() == ("main", None)
        try:
            refuse.submit(Point(3)).result()
        except Refused as exc:
            print("refused", exc)
        return len(results)

    assert pipeline() == 2
    assert Point(1).scaled.__globals__ is globals()
    print("done", os.getpid())
"""


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NORIA_", "PYTEST"))}
    return {**kept, "NORIA_HOME": str(home), "NORIA_LOG_FORMAT": "off"}


def run(arguments: list[str], home: Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_a_script_without_main_guard(tmp_path):
    script = tmp_path / "pipeline.py"
    script.write_text(textwrap.dedent(UNGUARDED))
    done = run([str(script)], tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    words = done.stdout.splitlines()
    assert words[:3] == ["the script runs", "[10, 20]", "refused Point(x=3)"]
    assert words[3].startswith("done")


def test_modules_written_for_prefect(tmp_path):
    (tmp_path / "work.py").write_text(
        "from prefect import flow, task\n"
        "from prefect.task_runners import ProcessPoolTaskRunner\n"
        "@task\ndef square(n): return n * n\n"
        "@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))\n"
        "def squares(): return square.map([1, 2, 3]).result()\n"
    )
    program = "import noria.compat.prefect, work; print(work.squares())"
    done = run(["-c", program], tmp_path / "home", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("[1, 4, 9]\n", "")


@pytest.mark.parametrize("arguments", [["-c"], ["-O", "-c"], ["-I", "-c"]])
def test_code_without_a_file(tmp_path, arguments):
    done = run([*arguments, textwrap.dedent(UNGUARDED)], tmp_path / "home", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the script runs") == 1


def test_a_script_loaded_by_the_command_line(tmp_path):
    script = tmp_path / "loaded.py"
    script.write_text(
        textwrap.dedent(UNGUARDED).replace(
            "assert pipeline() == 2", "import sys\nassert sys.argv[0] != ''"
        )
    )
    done = run(["-m", "noria", "run", f"{script}:pipeline"], tmp_path / "home", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the script runs") == 1
    assert "refused" in done.stdout


def test_two_runs_in_one_script(tmp_path):
    script = tmp_path / "twice.py"
    script.write_text(
        textwrap.dedent(UNGUARDED).replace(
            "assert pipeline() == 2", "assert pipeline() + pipeline() == 4"
        )
    )
    done = run([str(script)], tmp_path / "home")
    assert done.returncode == 0, done.stderr


BLOCKED = """
    import os, sys, threading
    from noria import flow, task
    from noria.task_runners import ProcessPoolTaskRunner

    @task
    def blocks(fifo):
        with open(fifo, "w") as file:
            file.write(str(os.getpid()))
        threading.Event().wait()

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def waits():
        blocks.submit(sys.argv[1]).result()

    waits()
"""


@pytest.fixture
def blocked(tmp_path, fifo):
    """A script whose task runs for ever, and the pid of the task's process."""
    script = tmp_path / "blocked.py"
    script.write_text(textwrap.dedent(BLOCKED))
    program = subprocess.Popen(
        [sys.executable, str(script), fifo],
        env=environment(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with open(fifo) as file:
        child = int(file.read())
    yield program, child
    program.kill()
    program.communicate()


def test_ctrl_c_ends_script_and_processes_quietly(blocked):
    program, child = blocked
    os.kill(child, signal.SIGINT)
    os.killpg(program.pid, signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode != 0
    assert err.count("Traceback") <= 1
    assert "noria/engine/processes" not in err
    assert gone(child)


def test_sigterm_ends_script_and_processes(blocked):
    program, child = blocked
    program.terminate()
    program.communicate(timeout=60)
    assert program.returncode != 0
    assert gone(child)


def test_processes_of_a_killed_script_end_by_themselves(blocked):
    program, child = blocked
    assert not gone(child)
    program.kill()
    # It holds the pipes to whoever reads the output: they are closed when it has ended.
    out, err = program.communicate(timeout=60)
    assert (out, err) == ("", "")
