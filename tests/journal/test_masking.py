"""Masking of records: every text of the user's, nothing that Noria itself has to read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from noria.core.records import ArtifactRow, CacheRow, FlowRunRow, GroupRow, LogRow, TaskRunRow
from noria.core.redaction import MASK, redactor
from noria.journal.fold import Folder
from noria.journal.journal import Journal
from noria.journal.masking import masked, masked_all
from noria.journal.spool import spooled
from tests.conformance.rows import artifact, cached, flow_run, group, log, task_run
from tests.journal.backends import Failing, Kept

SECRET = 's3cr3t/"quoted"-密码'
ESCAPED = json.dumps(SECRET)

MADE: dict[type, Any] = {
    FlowRunRow: flow_run,
    TaskRunRow: lambda **facts: task_run(flow_run(), **facts),
    GroupRow: lambda **facts: group(flow_run(), **facts),
    LogRow: lambda **facts: log(flow_run(), **facts),
    ArtifactRow: artifact,
}
OWN = {
    (FlowRunRow, "entrypoint"),
    (FlowRunRow, "version"),
    (GroupRow, "task_key"),
    (GroupRow, "kind"),
    (ArtifactRow, "kind"),
    (ArtifactRow, "format"),
}
TEXTS = [
    (kind, field)
    for kind in MADE
    for field, annotation in kind.__annotations__.items()
    if "str" in str(annotation) and "tuple" not in str(annotation)
]


@pytest.fixture(autouse=True)
def _known() -> None:
    redactor.add(SECRET)


def test_that_there_are_texts():
    assert (LogRow, "message") in TEXTS
    assert (ArtifactRow, "data") in TEXTS
    assert len(TEXTS) > 30


@pytest.mark.parametrize(("kind", "field"), [each for each in TEXTS if each not in OWN])
def test_every_text_of_the_users_is_masked(kind, field):
    for text in (f"a {SECRET} b", json.dumps([SECRET]), json.dumps({"k": {"k": [SECRET, 1]}})):
        shown = getattr(masked(MADE[kind](**{field: text})), field)
        assert "s3cr3t" not in shown
        assert MASK in shown
        if text[0] in "[{":
            assert json.loads(shown)


@pytest.mark.parametrize(("kind", "field"), sorted(OWN, key=str))
def test_what_noria_reads_again_is_left(kind, field):
    row = MADE[kind](**{field: f"a {SECRET} b"})
    assert masked(row) is row


def test_a_record_without_secrets_is_the_very_same():
    for make in MADE.values():
        row = make()
        assert masked(row) is row
    redactor.clear()
    rows = [log(flow_run(), SECRET)]
    assert masked_all(rows, lambda run, arguments: None) is rows


def test_words_of_noria_stay_though_they_be_secrets():
    redactor.add(["Cached", "traceback", "message", "call"])
    row = task_run(flow_run(), state_name="Cached", error='{"message": "x", "traceback": "call"}')
    shown = masked(row)
    assert shown.state_name == "Cached"
    assert json.loads(shown.error) == {"message": "x", "traceback": MASK}
    assert masked(group(flow_run(), kind="call")).kind == "call"


def test_a_secret_that_is_a_number_leaves_json_whole():
    redactor.add(4711)
    row = log(flow_run(), "pin 4711", extra='{"pin": 4711, "time": 1747110000}')
    shown = masked(row)
    assert shown.message == f"pin {MASK}"
    assert json.loads(shown.extra) == {"pin": MASK, "time": 1747110000}
    history = '[["Running", 1747110000, null]]'
    assert masked(flow_run(history=history)).history == history


def test_keys_of_cached_results_are_left_to_who_looks_them_up():
    row = cached(SECRET)
    assert masked(row) is row
    assert MASK in masked(cached("k", task_name=SECRET)).task_name
    assert CacheRow is type(row)


def test_arguments_with_a_secret_are_protected():
    asked = []

    def protect(run, arguments):
        asked.append((run, arguments))
        return b"sealed"

    row = flow_run(arguments=b"\x80pickle" + SECRET.encode())
    assert masked(row, protect).arguments == b"sealed"
    assert asked == [(row.id, row.arguments)]
    assert masked(row).arguments is None
    plain = flow_run(arguments=b"\x80pickle")
    assert masked(plain, protect) is plain


class Seen:
    """A tap that keeps what it sees."""

    def __init__(self):
        self.records = []

    def see(self, records):
        self.records += records

    def idle(self):
        """Nothing to do."""

    def close(self):
        """Nothing to do."""


def test_neither_store_nor_taps_are_told(tmp_path):
    backend, seen = Kept(), Seen()
    journal = Journal(backend, str(tmp_path), (seen,))
    journal.append(log(flow_run(), SECRET))
    assert journal.flush()
    journal.close()
    assert [row.message for batch in backend.batches for row in batch.logs] == [MASK]
    assert [record.message for record in seen.records] == [MASK]
    backend.close()


def test_a_spool_is_masked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    backend = Failing()
    backend.broken = True
    journal = Journal(backend, str(tmp_path / "spool"), flush_timeout=0)
    journal.append(log(flow_run(), SECRET))
    journal.append(flow_run(name=SECRET))
    journal.close()
    [spool] = spooled(str(tmp_path / "spool"))
    records = spool.read()
    assert Folder().fold(records).logs[0].message == MASK
    for path in tmp_path.rglob("*.spool"):
        assert b"s3cr3t" not in path.read_bytes()
    assert "s3cr3t" not in capsys.readouterr().err
    backend.close()
