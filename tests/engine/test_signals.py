"""Real processes, stopped by real signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from noria.backend.port import RunFilter
from noria.core import clock
from noria.core.ids import to_uuid
from noria.core.states import StateType
from noria.runs import resume
from tests.engine.scripts import Script


@pytest.fixture
def script(tmp_path, isolated):
    """Make a script; its process is gone after the test."""
    made = []

    def make(body):
        made.append(Script(tmp_path, isolated, body))
        return made[-1]

    yield make
    for one in made:
        one.close()


FIFTY = """
step_by_step = False

@task
def step(n):
    note(n)
    if step_by_step:
        say("step", n)
        sys.stdin.readline()
    return n * n

@flow(durability="strict")
def called():
    return sum(step(n) for n in range(50))

@flow(durability="strict", task_runner=ThreadPoolTaskRunner(max_workers=4))
def mapped():
    return sum(step.map(range(50)).result())

@flow
def grouped():
    total = 0
    for n in range(50):
        total += step(n)
        if n == 10:
            settled("half-way")
    return total

def main():
    global step_by_step
    step_by_step = True
    globals()[sys.argv[1]]()
"""
TOTAL = sum(n * n for n in range(50))


@pytest.mark.parametrize(
    ("name", "point", "in_flight"),
    [
        ("called", 0, 1),
        ("called", 17, 1),
        ("called", 49, 1),
        ("mapped", 3, 4),
        ("mapped", 31, 4),
    ],
)
def test_a_killed_run_goes_on_and_repeats_only_what_was_in_flight(script, name, point, in_flight):
    killed = script(FIFTY)
    killed.start(name)
    for _ in range(point):
        killed.hears("step")
        killed.tell()
    killed.hears("step")
    killed.signal(signal.SIGKILL)
    assert killed.ends()[0] == -signal.SIGKILL
    before = killed.effects()
    run = killed.run()
    state = resume(to_uuid(run.id))
    assert state.result() == TOTAL
    effects = killed.effects()
    assert sorted(set(map(int, effects))) == list(range(50))
    assert len(effects) - 50 <= in_flight
    if in_flight == 1:
        assert set(before[:-1]).isdisjoint(effects[len(before) :])
    again = killed.run()
    assert (again.id, again.epoch, again.state) == (run.id, 2, StateType.COMPLETED)


def test_a_killed_run_loses_no_more_than_the_last_moments(script):
    killed = script(FIFTY)
    killed.start("grouped")
    for n in range(25):
        killed.hears(f"step {n}")
        killed.tell()
    killed.hears("step 25")
    killed.signal(signal.SIGKILL)
    killed.ends()
    before = killed.effects()
    assert resume(to_uuid(killed.run().id)).result() == TOTAL
    repeated = killed.effects()[len(before) :]
    # What is repeated is the end of what had been done, without a gap.
    overlap = [n for n in before if n in repeated]
    assert overlap == before[len(before) - len(overlap) :]
    assert set(map(str, range(11))).isdisjoint(repeated)


def test_a_killed_run_is_found_and_shown_with_the_reason(script, isolated):
    killed = script(FIFTY)
    killed.start("called")
    for n in range(5):
        killed.hears(f"step {n}")
        killed.tell()
    killed.hears("step 5")
    killed.signal(signal.SIGKILL)
    killed.ends()
    shown = subprocess.run(
        [sys.executable, "-m", "noria", "runs", "ls", "-o", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    [run] = json.loads(shown.stdout)
    assert run["state_name"] == "Crashed"
    assert "is gone" in run["state_message"]
    assert set(killed.task_states()) <= {"COMPLETED", "CRASHED"}


BLOCKED = """
def cancelled(flow, flow_run, state):
    note("hook:" + state.name)

@task
def first():
    return 1

@task
def blocked():
    settled("blocked")
    time.sleep(3600)

@task
def spinning():
    while True:
        pass

@flow(on_cancellation=[cancelled])
def in_a_task():
    first()
    blocked()

@flow(on_cancellation=[cancelled])
def in_the_flow():
    first()
    settled("blocked")
    time.sleep(3600)

@flow(on_cancellation=[cancelled])
def with_threads():
    first()
    spinning.submit()
    blocked.submit(wait_for=[spinning.submit()])
    settled("blocked")
    spinning.submit().wait()

@flow(on_cancellation=[cancelled])
def retrying():
    @task(retries=1, retry_delay_seconds=3600)
    def flaky():
        settled("blocked")
        raise ValueError
    flaky()

@flow
def child():
    first()
    blocked()

@flow(on_cancellation=[cancelled])
def in_a_sub_flow():
    child()

@flow(on_cancellation=[cancelled])
async def on_a_loop():
    first()
    settled("blocked")
    await asyncio.sleep(3600)

@flow(on_cancellation=[cancelled])
async def blocking_a_loop():
    first()
    blocked()

@task
async def a_forever():
    settled("blocked")
    await asyncio.sleep(3600)

@flow(on_cancellation=[cancelled])
async def gathering():
    await asyncio.gather(*[a_forever() for _ in range(3)])

@flow(on_cancellation=[cancelled])
def yielding():
    yield first()
    blocked()

@task
def yielded():
    yield 1
    settled("blocked")
    time.sleep(3600)

@flow(on_cancellation=[cancelled])
def in_a_task_that_yields():
    return list(yielded())

@flow(on_cancellation=[cancelled])
async def yielding_on_a_loop():
    yield first()
    await a_forever()

@flow(on_cancellation=[cancelled])
async def yielding_on_a_blocked_loop():
    yield first()
    blocked()

@flow
async def async_child():
    await a_forever()

@flow(on_cancellation=[cancelled])
async def in_an_async_sub_flow():
    await asyncio.gather(async_child(), async_child())

async def consume(items):
    async for _ in items:
        pass

def main():
    chosen = globals()[sys.argv[1]]
    try:
        made = chosen()
        if chosen.isgenerator:
            made = consume(made) if chosen.isasync else list(made)
        if chosen.isasync:
            asyncio.run(made)
    except Exception as exc:
        say("raised", type(exc).__name__)
        raise
"""
EVERYWHERE = [
    "in_a_task",
    "in_the_flow",
    "with_threads",
    "retrying",
    "in_a_sub_flow",
    "on_a_loop",
    "blocking_a_loop",
    "gathering",
    "yielding",
    "in_a_task_that_yields",
    "yielding_on_a_loop",
    "yielding_on_a_blocked_loop",
    "in_an_async_sub_flow",
]
BLOCKED_LOOPS = {"blocking_a_loop", "yielding_on_a_blocked_loop"}


def _is_cancelled(stopped):
    run = stopped.run()
    assert (run.state, run.end is not None) == (StateType.CANCELLED, True)
    assert stopped.effects() == ["hook:Cancelling"]
    open_ones = {"PENDING", "RUNNING", "SCHEDULED"}
    assert open_ones.isdisjoint(stopped.task_states())
    return run


@pytest.mark.parametrize("name", EVERYWHERE)
def test_sigterm_ends_a_run_in_order(script, name):
    stopped = script(BLOCKED)
    stopped.start(name)
    stopped.hears("blocked")
    stopped.signal(signal.SIGTERM)
    code, errors = stopped.ends()
    assert (code, errors) == (143, "")
    run = _is_cancelled(stopped)
    assert run.message == "Execution was aborted by a termination signal."


# A loop that is blocked hears of the first Ctrl-C only later: asyncio's own handler asks the loop.
@pytest.mark.parametrize("name", [name for name in EVERYWHERE if name not in BLOCKED_LOOPS])
def test_ctrl_c_ends_a_run_in_order(script, name):
    stopped = script(BLOCKED)
    stopped.start(name)
    stopped.hears("blocked")
    stopped.signal(signal.SIGINT)
    code, errors = stopped.ends()
    assert code == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "noria/engine" not in errors, errors
    _is_cancelled(stopped)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_cancel_from_another_process_reaches_the_work(script, name):
    stopped = script(BLOCKED)
    stopped.start(name)
    stopped.hears("blocked")
    backend = stopped.store()
    row = backend.request_cancel(stopped.run().id, clock.now())
    assert row.state is StateType.CANCELLING
    backend.close()
    assert stopped.hears("raised") == "CancelledRun"
    assert stopped.ends()[0] == 1
    _is_cancelled(stopped)


def test_the_command_cancels(script):
    stopped = script(BLOCKED)
    stopped.start("in_a_task")
    stopped.hears("blocked")
    asked = subprocess.run(
        [sys.executable, "-m", "noria", "runs", "cancel", "@last"], capture_output=True, text=True
    )
    assert asked.returncode == 0, asked.stderr
    stopped.ends()
    _is_cancelled(stopped)


CONSUMED = """
def hook(flow, flow_run, state):
    note("hook:" + state.name)

@flow(on_cancellation=[hook])
def items():
    yield 1
    note("asked for more")
    yield 2

@flow(on_cancellation=[hook])
async def async_items():
    yield 1
    note("asked for more")
    yield 2

def take(item):
    settled("consumer")
    if sys.argv[2] == "waits":
        [execution] = open_session().executions.values()
        while execution.cancelled is None:
            time.sleep(0.001)
        say("goes on")
    else:
        time.sleep(3600)

async def consume():
    async for item in async_items():
        take(item)

def main():
    try:
        if sys.argv[1] == "async":
            asyncio.run(consume())
        else:
            for item in items():
                take(item)
    except Exception as exc:
        say("raised", type(exc).__name__)
"""


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_sigterm_while_the_consumer_of_a_generator_has_its_turn(script, kind):
    stopped = script(CONSUMED)
    stopped.start(kind, "blocks")
    stopped.hears("consumer")
    stopped.signal(signal.SIGTERM)
    code, errors = stopped.ends()
    assert code == 143
    # What asyncio says of generators that nobody closes is its own.
    assert kind == "async" or errors == ""
    run = stopped.run()
    assert run.state is StateType.CANCELLED
    assert run.message == "Execution was aborted by a termination signal."
    assert stopped.effects() == ["hook:Cancelling"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_cancel_while_the_consumer_has_its_turn_waits_until_it_asks_for_more(script, kind):
    stopped = script(CONSUMED)
    stopped.start(kind, "waits")
    stopped.hears("consumer")
    backend = stopped.store()
    backend.request_cancel(stopped.run().id, clock.now())
    backend.close()
    stopped.hears("goes on")
    assert stopped.hears("raised") == "CancelledRun"
    stopped.ends()
    assert stopped.run().state is StateType.CANCELLED
    assert stopped.effects() == ["hook:Cancelling"]


ONCE = """
async def hook(flow, flow_run, state):
    for _ in range(5):
        await asyncio.sleep(0)
    note("hook:" + state.name)

@task
async def blocks():
    settled("blocked")
    time.sleep(3600)

@flow(on_cancellation=[hook])
async def in_its_own_step():
    settled("blocked")
    time.sleep(3600)

@flow(on_cancellation=[hook])
async def in_the_step_of_another_task():
    await asyncio.gather(blocks(), asyncio.sleep(3600))

def main():
    try:
        asyncio.run(globals()[sys.argv[1]]())
    except Exception:
        pass
"""


@pytest.mark.parametrize("name", ["in_its_own_step", "in_the_step_of_another_task"])
@pytest.mark.parametrize("by", ["signal", "request"])
def test_a_blocked_loop_is_interrupted_once(script, name, by):
    stopped = script(ONCE)
    stopped.start(name)
    stopped.hears("blocked")
    if by == "signal":
        stopped.signal(signal.SIGTERM)
    else:
        backend = stopped.store()
        backend.request_cancel(stopped.run().id, clock.now())
        backend.close()
    _, errors = stopped.ends()
    assert errors == ""
    run = stopped.run()
    assert (run.state, stopped.effects()) == (StateType.CANCELLED, ["hook:Cancelling"])
    backend = stopped.store()
    assert [line.message for _, line in backend.logs(run.id)] == []
    backend.close()


SIGNALS_OF_THEIR_OWN = """
@flow
def theirs():
    settled("blocked")
    while True:
        time.sleep(0.001)

def main():
    signal.signal(signal.SIGTERM, lambda *_: say("mine"))
    try:
        theirs()
    finally:
        say("handler", signal.getsignal(signal.SIGTERM).__name__)
"""


def test_a_handler_of_the_users_is_left_alone_and_a_cancel_works_all_the_same(script):
    stopped = script(SIGNALS_OF_THEIR_OWN)
    stopped.start()
    stopped.hears("blocked")
    stopped.signal(signal.SIGTERM)
    stopped.hears("mine")
    backend = stopped.store()
    backend.request_cancel(stopped.run().id, clock.now())
    backend.close()
    assert stopped.hears("handler") == "<lambda>"
    stopped.ends()
    assert stopped.run().state is StateType.CANCELLED


TWICE = """
def slow_hook(flow, flow_run, state):
    say("hook")
    time.sleep(3600)

@flow(on_cancellation=[slow_hook])
def stubborn():
    settled("blocked")
    time.sleep(3600)

def main():
    stubborn()
"""


def test_a_second_ctrl_c_ends_the_hooks_and_not_the_record(script):
    stopped = script(TWICE)
    stopped.start()
    stopped.hears("blocked")
    stopped.signal(signal.SIGINT)
    stopped.hears("hook")
    stopped.signal(signal.SIGINT)
    assert stopped.ends()[0] == -signal.SIGINT
    assert stopped.run().state is StateType.CANCELLED


AT_ANY_MOMENT = """
@task
def quick(n):
    return n

@flow
def busy():
    say("busy")
    n = 0
    while True:
        n += 1
        quick(n)

def main():
    busy()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_moment_leaves_a_whole_record(script, number):
    stopped = script(AT_ANY_MOMENT)
    stopped.start()
    stopped.hears("busy")
    stopped.signal(number)
    stopped.ends()
    assert stopped.run().state is StateType.CANCELLED
    assert set(stopped.task_states()) <= {"COMPLETED", "CANCELLED"}


FORKING = """
@task
def child_task(n):
    return n

@flow
def inner(n):
    return child_task(n)

@task
def forks():
    pid = os.fork()
    if pid == 0:
        try:
            inner(7)
            child_task(1)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return "parent"

@flow
def outer():
    child_task(0)
    say(forks())
    return child_task(2)

def main():
    outer()
    pid = os.fork()
    if pid == 0:
        inner(8)
        sys.exit(0)
    say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_forked_child_runs_flows_of_its_own(script):
    forked = script(FORKING)
    forked.start()
    assert forked.hears("ended") == "0"
    code, errors = forked.ends()
    assert (code, errors) == (0, "")
    backend = forked.store()
    found = [summary.run for summary in backend.flow_runs(RunFilter(top_level=True))]
    assert sorted(run.flow_name for run in found) == ["inner", "inner", "outer"]
    assert {run.state for run in found} == {StateType.COMPLETED}
    assert len({run.process for run in found}) == 3
    [outer] = [run for run in found if run.flow_name == "outer"]
    assert len(backend.task_runs(outer.id)) == 3
    backend.close()


MANY = """
@task
def step(n):
    return n

@flow
def many():
    for n in range(300):
        step(n)

def main():
    say("ready")
    sys.stdin.readline()
    for _ in range(3):
        many()
"""


def test_two_processes_write_one_store_at_once(tmp_path, isolated):
    folders = [tmp_path / name for name in "ab"]
    scripts = []
    for folder in folders:
        folder.mkdir()
        scripts.append(Script(folder, isolated, MANY))
        scripts[-1].start()
    for one in scripts:
        one.hears("ready")
    for one in scripts:
        one.tell()
    assert [one.ends() for one in scripts] == [(0, "")] * 2
    backend = scripts[0].store()
    assert backend.info().rows["task_runs"] == 2 * 3 * 300
    backend.close()
