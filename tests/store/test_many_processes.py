"""Several processes write the same file, and one of them is killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter

from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run

BATCHES, ROWS = 60, 25

# The group of a task run is the number of its batch, and every batch is told once it is committed.
WRITER = """
import itertools, sys
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run, log, task_run
path, run_id, batches, rows = sys.argv[1], bytes.fromhex(sys.argv[2]), *map(int, sys.argv[3:])
backend = LocalBackend(path)
run = flow_run(id=run_id)
for number in itertools.islice(itertools.count(), batches or None):
    ids = [run_id[:8] + (number * rows + row).to_bytes(8, "big") for row in range(rows)]
    tasks = [task_run(run, group=number, id=task) for task in ids]
    assert backend.append(batch(run, *tasks, log(run, str(number)))) == []
    print(number, flush=True)
backend.close()
"""


def start(path, run, batches):
    command = [sys.executable, "-c", WRITER, path, run.id.hex(), str(batches), str(ROWS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_create_and_write_one_file(tmp_path):
    path = str(tmp_path / "home" / "noria.db")
    runs = [flow_run(), flow_run()]
    writers = [start(path, run, BATCHES) for run in runs]
    assert [writer.communicate()[1] for writer in writers] == ["", ""]
    backend = LocalBackend(path)
    for run in runs:
        written = backend.task_runs(run.id, limit=BATCHES * ROWS + 1)
        assert len(written) == BATCHES * ROWS
        lines = [int(line.message) for _, line in backend.logs(run.id)]
        assert lines == list(range(BATCHES))
    backend.close()


def test_a_killed_writer_leaves_whole_batches(tmp_path):
    path = str(tmp_path / "noria.db")
    run = flow_run()
    with start(path, run, 0) as writer:
        for _ in range(20):
            told = int(writer.stdout.readline())
        writer.kill()
        told = max([told, *map(int, writer.stdout.read().split())])
        writer.stderr.read()

    connection = sqlite3.connect(path)
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()
    backend = LocalBackend(path)
    rows = backend.task_runs(run.id, limit=10**6)
    lines = [int(line.message) for _, line in backend.logs(run.id, limit=10**6)]
    counted = Counter(row.group for row in rows)
    assert set(counted) >= set(range(told + 1))
    assert set(counted.values()) == {ROWS}
    assert lines == sorted(counted)
    assert backend.append(batch(flow_run())) == []
    backend.close()
