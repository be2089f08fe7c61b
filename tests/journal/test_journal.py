"""The journal over real backends, and over ones that refuse."""

from __future__ import annotations

import sqlite3
import threading
from queue import SimpleQueue

import pytest

from noria.backend.local import LocalBackend
from noria.backend.processes import this_process
from noria.core import clock, ids
from noria.core.records import GroupCount
from noria.core.states import StateType
from noria.journal import journal as journals
from noria.journal.fold import Folder
from noria.journal.journal import Journal
from noria.journal.replay import replay
from noria.journal.spool import Spool, spooled, write_spool
from tests.conformance.rows import NOON, flow_run, group, log, task_run
from tests.journal.backends import Failing, Gated, Kept

ZERO = (0,) * len(GroupCount.NAMES)


class Listener:
    """A tap that notes what it sees, and whether it was in the store by then."""

    def __init__(self, backend):
        self.backend = backend
        self.seen = []
        self.early = []
        self.closed = False

    def see(self, records):
        stored = {line.message for _, line in self.backend.logs(RUN.id, limit=10**6)}
        self.early += [record for record in records if record.message not in stored]
        self.seen += records

    def idle(self):
        """Nothing to draw."""

    def close(self):
        self.closed = True


RUN = flow_run()
THIS = ids.new_id()
"""The process that replays."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The spool's folder; the refuge lies beside it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return str(tmp_path / "spool")


@pytest.fixture
def quick(monkeypatch):
    """Do not pause between attempts."""
    monkeypatch.setattr(journals, "RETRY_SECONDS", (0.001,))


def messages(backend):
    return [line.message for _, line in backend.logs(RUN.id, limit=10**6)]


def test_records_arrive_in_order_and_taps_see_them_committed(folder):
    backend = Kept()
    listener = Listener(backend)
    journal = Journal(backend, folder, [listener])
    lines = [log(RUN, str(number)) for number in range(10_000)]
    for line in lines:
        journal.append(line)
    assert journal.flush()
    assert messages(backend) == [line.message for line in lines]
    assert listener.seen == lines
    assert listener.early == []
    journal.close()
    assert listener.closed


def test_many_threads_lose_nothing_and_keep_their_own_order(folder):
    backend = Kept()
    journal = Journal(backend, folder)

    def write(name):
        for number in range(500):
            journal.append(log(RUN, f"{name} {number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    found = messages(backend)
    for name in range(8):
        mine = [int(text.split()[1]) for text in found if text.startswith(f"{name} ")]
        assert mine == list(range(500))


def test_flush_waits_for_what_came_before_it(folder):
    backend = Gated()
    journal = Journal(backend, folder)
    journal.append(log(RUN, "a"))
    backend.reached.wait()
    assert not journal.flush(timeout=0)
    backend.gate.set()
    assert journal.flush()
    journal.close()


def test_a_full_buffer_slows_the_producer(folder):
    backend = Gated()
    journal = Journal(backend, folder, buffer=10)
    pause = journal.pause
    outcome = []
    known = threading.Event()

    def noted_pause(seconds):
        outcome.append("blocked")
        known.set()
        pause(seconds)

    def produce():
        for number in range(100):
            journal.append(log(RUN, str(number)))
        outcome.append("through")
        known.set()

    journal.pause = noted_pause
    producer = threading.Thread(target=produce)
    producer.start()
    known.wait()
    assert outcome[0] == "blocked"
    backend.gate.set()
    producer.join()
    journal.close()
    assert messages(backend) == [str(number) for number in range(100)]


def test_a_backend_that_fails_for_a_while_loses_nothing_and_is_told_of_once(folder, quick, capsys):
    backend = Failing(times=5)
    listener = Listener(backend)
    journal = Journal(backend, folder, [listener])
    lines = [log(RUN, str(number)) for number in range(100)]
    for line in lines:
        journal.append(line)
    assert journal.flush()
    journal.close()
    assert messages(backend) == [line.message for line in lines]
    assert listener.seen == lines
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "the disk is full" in told[0]
    assert "nothing was lost" in told[1]
    assert spooled(folder) == []


def test_a_backend_that_never_works_leaves_all_to_the_next_start(folder, quick, capsys):
    backend = Failing()
    backend.broken = True
    journal = Journal(backend, folder, flush_timeout=0.01)
    journal.append(log(RUN, "first"))
    backend.attempted.wait()
    for number in range(9000):
        journal.append(log(RUN, str(number)))
    assert not journal.flush()
    journal.close()
    told = capsys.readouterr().err
    assert "9001 records" in told
    backend.broken = False
    replay(backend, folder, THIS)
    assert messages(backend) == ["first", *map(str, range(9000))]
    assert spooled(folder) == []


def test_what_was_not_committed_is_never_reported_as_committed(folder, quick):
    backend = Failing()
    backend.broken = True
    journal = Journal(backend, folder, flush_timeout=0.01)
    journal.append(log(RUN))
    reached = threading.Event()
    journal.when_committed(reached.set)
    journal.close()
    assert not reached.is_set()


def test_a_spooled_copy_goes_away_once_the_store_has_taken_it(folder, quick):
    backend = Failing()
    backend.broken = True
    journal = Journal(backend, folder, flush_timeout=0.01)
    journal.append(log(RUN, "a"))
    journal.commit()
    journal.append(log(RUN, "b"))
    journal.commit()
    [spool] = spooled(folder)
    assert spool.read() == [log(RUN, "a"), log(RUN, "b")]
    backend.broken = False
    assert journal.flush(timeout=10)
    journal.flush(timeout=10)
    assert spooled(folder) == []
    journal.close()
    assert messages(backend) == ["a", "b"]


def test_a_replay_counts_the_whole_group_not_just_what_was_spooled(folder):
    backend = Kept()
    journal = Journal(backend, folder)
    under_way = task_run(RUN, state=StateType.RUNNING, end=None)
    for record in (RUN, group(RUN, counts=ZERO), task_run(RUN), under_way):
        journal.append(record)
    journal.flush()
    ended = under_way._replace(state=StateType.FAILED, end=NOON + 57)
    write_spool(folder, [ended, task_run(RUN), RUN._replace(state=StateType.FAILED)])
    replay(backend, folder, THIS)
    [row] = backend.groups(RUN.id)
    counts = dict(zip(GroupCount.NAMES, row.counts, strict=True))
    assert {name: n for name, n in counts.items() if n} == {"completed": 2, "failed": 1}
    journal.close()


def test_a_damaged_spool_file_is_left_alone_and_told_of(folder, capsys):
    backend = Kept()
    write_spool(folder, [log(RUN, "good")])
    bad = write_spool(folder, [])
    with open(bad, "wb") as file:
        file.write(b"cnowhere\nnothing\n.")
    replay(backend, folder, THIS)
    assert messages(backend) == ["good"]
    with open(bad, "rb") as file:
        assert file.read()
    told = capsys.readouterr().err
    assert bad in told
    assert "No module named 'nowhere'" in told


def test_a_spool_folder_that_takes_nothing_has_a_refuge(tmp_path, folder):
    with open(folder, "w", encoding="utf-8") as file:
        file.write("in the way")
    path = write_spool(folder, [log(RUN, "kept")])
    assert not path.startswith(folder)
    backend = Kept()
    replay(backend, folder, THIS)
    assert messages(backend) == ["kept"]
    assert spooled(folder) == []


def test_a_listener_that_fails_is_left_out_and_stops_nothing(folder, capsys):
    backend = Kept()
    broken, listener = Listener(None), Listener(backend)
    journal = Journal(backend, folder, [broken, listener])
    journal.append(log(RUN, "a"))
    assert journal.flush(timeout=10)
    journal.append(log(RUN, "b"))
    assert journal.flush(timeout=10)
    journal.close()
    assert [record.message for record in listener.seen] == ["a", "b"]
    assert capsys.readouterr().err.count("left out") == 1


def test_a_mark_that_fails_stops_nothing(folder):
    backend = Kept()
    journal = Journal(backend, folder)
    journal.when_committed(lambda: 1 // 0)
    journal.append(log(RUN, "a"))
    assert journal.flush(timeout=10)
    journal.close()


def test_closing_an_unused_journal_does_nothing(folder):
    journal = Journal(Kept(), folder)
    journal.close()
    journal.close()


def test_the_executor_is_told_of_runs_that_another_has_taken_over(folder):
    backend = Kept()
    newer = RUN._replace(epoch=2)
    backend.append(Folder().fold([newer]))
    journal = Journal(backend, folder)
    refused: SimpleQueue[list[bytes]] = SimpleQueue()
    journal.on_refused = refused.put
    journal.append(RUN)
    journal.append(task_run(RUN))
    journal.flush()
    assert refused.get(timeout=10) == [RUN.id]
    journal.close()


def test_whoever_is_told_may_wait_for_the_journal(folder):
    backend = Kept()
    backend.append(Folder().fold([RUN._replace(epoch=2)]))
    journal = Journal(backend, folder)
    flushed: SimpleQueue[bool] = SimpleQueue()
    journal.on_refused = lambda runs: flushed.put(journal.flush(timeout=10))
    journal.append(RUN)
    assert flushed.get(timeout=20)
    journal.close()


def process(**changes):
    """This process as a row of the store."""
    row = this_process(clock.now(), 60_000_000)
    return row._replace(**changes)


def test_what_a_living_process_has_spooled_is_left_to_it(folder):
    backend = Kept()
    owner = process()
    backend.register_process(owner)
    path = write_spool(folder, [log(RUN, "its own")], owner.id)
    replay(backend, folder, THIS)
    assert messages(backend) == []
    assert spooled(folder) == [Spool(path, owner.id)]
    backend.end_process(owner.id, clock.now(), None)
    replay(backend, folder, THIS)
    assert messages(backend) == ["its own"]
    assert spooled(folder) == []


def test_of_two_that_start_only_one_replays(folder):
    backend = Kept()
    write_spool(folder, [log(RUN, "once")])
    [spool] = spooled(folder)
    first = process()
    backend.register_process(first)
    claimed = spool.claim(first.id)
    assert claimed is not None
    assert spool.claim(THIS) is None
    # It lives, and is at it; when it dies in the midst, the next takes over.
    replay(backend, folder, THIS)
    assert messages(backend) == []
    backend.end_process(first.id, clock.now(), None)
    replay(backend, folder, THIS)
    assert messages(backend) == ["once"]


def test_an_older_row_from_a_spool_changes_nothing_that_has_ended(folder):
    backend = Kept()
    ended = task_run(RUN)
    under_way = ended._replace(state=StateType.RUNNING, end=None)
    backend.append(Folder().fold([RUN, group(RUN, counts=ZERO), ended]))
    write_spool(folder, [under_way])
    replay(backend, folder, THIS)
    assert backend.task_run(ended.id) == ended


def test_a_call_that_a_retried_flow_makes_again_is_under_way_again(folder):
    backend = Kept()
    failed = task_run(RUN, state=StateType.FAILED)
    backend.append(Folder().fold([RUN, failed]))
    again = failed._replace(state=StateType.RUNNING, created=failed.created + 1, end=None)
    backend.append(Folder().fold([again]))
    assert backend.task_run(failed.id) == again


def test_a_process_that_ends_while_the_store_is_locked_gives_up_in_time(folder, tmp_path, capsys):
    backend = LocalBackend(str(tmp_path / "noria.db"))
    other = sqlite3.connect(tmp_path / "noria.db", isolation_level=None)
    other.execute("begin immediate")
    journal = Journal(backend, folder, flush_timeout=0.01)
    journal.give_up = backend.close
    journal.append(log(RUN, "late"))
    journal.close()
    assert journal._thread is not None
    assert not journal._thread.is_alive()
    other.execute("rollback")
    other.close()
    assert "1 records" in capsys.readouterr().err
    again = LocalBackend(str(tmp_path / "noria.db"))
    replay(again, folder, THIS)
    assert messages(again) == ["late"]
    again.close()


def test_an_interrupted_producer_is_not_made_to_wait_again(folder, quick):
    backend = Gated()
    journal = Journal(backend, folder, buffer=2, flush_timeout=0.01)
    journal.append(log(RUN, "first"))
    backend.reached.wait()
    pauses = []

    def interrupted(seconds):
        pauses.append(seconds)
        raise KeyboardInterrupt

    journal.pause = interrupted
    for _ in range(3):
        journal._queue.append(log(RUN))
    with pytest.raises(KeyboardInterrupt):
        journal.append(log(RUN))
    for _ in range(10):
        journal.append(log(RUN))
    assert len(pauses) == 1
    backend.gate.set()
    journal.close()
