"""Artifacts: their versions, what finds them, what a later row changes."""

from __future__ import annotations

from noria.backend.port import ArtifactFilter
from noria.core.ids import to_text
from tests.conformance.rows import NOON, artifact, batch, below, flow_run, new_id


def versions(backend, key="report"):
    found = backend.artifacts(ArtifactFilter(key=key))
    return {row.id: row.version for row in found}


def test_an_artifact_comes_back_as_it_was(backend):
    row = artifact(
        key="日报",
        kind="table",
        flow_run=new_id(),
        task_run=new_id(),
        metadata='{"owner": "数据组"}',
        description="每日报表 📊",
        note="only the first rows",
        format="json",
        data='[{"城市": "北京"}]',
    )
    backend.append(batch(row))
    assert backend.artifact(row.id) == row._replace(version=1)
    assert backend.artifact(new_id()) is None


def test_a_list_leaves_the_data_out(backend):
    row = artifact(data="x" * 1000)
    backend.append(batch(row))
    assert backend.artifacts(ArtifactFilter()) == [row._replace(data="", version=1)]


def test_versions_of_a_key_are_counted_in_the_order_of_commits(backend):
    first, second, other, third = artifact(), artifact(), artifact("other"), artifact()
    backend.append(batch(first, second, other))
    backend.append(batch(third))
    assert versions(backend) == {first.id: 1, second.id: 2, third.id: 3}
    assert versions(backend, "other") == {other.id: 1}


def test_many_in_one_batch_each_get_a_version(backend):
    rows = [artifact(f"key-{number % 3}") for number in range(150)]
    backend.append(batch(*rows))
    for number in range(3):
        found = versions(backend, f"key-{number}")
        assert [found[row.id] for row in rows[number::3]] == list(range(1, 51))


def test_an_update_keeps_the_version_even_beside_a_new_one(backend):
    first, second = artifact(), artifact()
    backend.append(batch(first))
    backend.append(batch(first._replace(data="later", updated=NOON + 1), second))
    backend.append(batch(third := artifact(), second._replace(updated=NOON + 2), first))
    assert versions(backend) == {first.id: 1, second.id: 2, third.id: 3}
    found = backend.artifact(first.id)
    assert found is not None
    assert (found.data, found.updated, found.created) == ("later", NOON + 1, NOON)


def test_an_older_row_does_not_replace_a_newer_one(backend):
    newer = artifact(data="new", updated=NOON + 5)
    backend.append(batch(newer))
    backend.append(batch(newer._replace(data="old", updated=NOON)))
    found = backend.artifact(newer.id)
    assert found is not None
    assert found.data == "new"


def test_writing_twice_changes_nothing(backend):
    rows = [artifact(), artifact()]
    backend.append(batch(*rows))
    before = versions(backend)
    backend.append(batch(*rows))
    assert versions(backend) == before


def test_one_without_a_key_has_no_version(backend):
    rows = [artifact(None), artifact(None)]
    backend.append(batch(*rows))
    assert [row.version for row in backend.artifacts(ArtifactFilter())] == [None, None]


def test_the_latest_of_each_key(backend):
    old, new, other = artifact(), artifact(), artifact("other")
    # An older version that was updated last is not the newest version.
    backend.append(batch(old._replace(updated=NOON + 9), new, other, artifact(None)))
    latest = backend.artifacts(ArtifactFilter(latest=True))
    assert {row.id for row in latest} == {new.id, other.id}
    assert backend.artifacts(ArtifactFilter(key="report"))[0].id == old.id


def test_pages_begin_with_the_last_updated(backend):
    rows = [artifact(updated=NOON + number) for number in (2, 3, 1)]
    backend.append(batch(*rows))
    ids = [row.id for row in backend.artifacts(ArtifactFilter())]
    assert ids == [rows[1].id, rows[0].id, rows[2].id]
    assert [row.id for row in backend.artifacts(ArtifactFilter(limit=1, offset=1))] == [ids[1]]


def test_conditions_are_taken_together(backend):
    run, task = flow_run(), new_id()
    wanted = artifact(flow_run=run.id, task_run=task, kind="table")
    others = [
        artifact(flow_run=run.id),
        artifact(flow_run=new_id(), kind="table"),
        artifact("other", flow_run=run.id, kind="table"),
    ]
    backend.append(batch(run, wanted, *others))

    def ids(**facts):
        return [row.id for row in backend.artifacts(ArtifactFilter(**facts))]

    assert ids(flow_run=run.id, kind="table", key="report") == [wanted.id]
    assert ids(task_run=task) == [wanted.id]
    assert ids(key="report", version=1) == [wanted.id]
    assert len(ids(flow_run=run.id)) == 3


def test_a_reference_is_a_key_or_an_id(backend):
    old, new = artifact("abc"), artifact("abc")
    alone = artifact(None)
    backend.append(batch(old, new, alone))

    def ids(reference):
        return [row.id for row in backend.find_artifacts(reference)]

    assert ids("abc") == [new.id]
    assert ids(to_text(alone.id)) == [alone.id]
    assert ids(to_text(alone.id)[:18]) == [alone.id]
    assert ids("nothing-of-the-kind") == []
    assert ids("") == []
    assert ids("日报\udc80") == []


def test_deleting_a_run_deletes_its_artifacts(backend):
    run = flow_run()
    child = below(run)
    rows = [artifact(flow_run=run.id), artifact(flow_run=child.id), artifact()]
    backend.append(batch(run, child, *rows))
    assert backend.info().rows["artifacts"] == 3
    assert backend.delete_flow_run(run.id)
    assert [row.id for row in backend.artifacts(ArtifactFilter())] == [rows[2].id]


def test_half_a_surrogate_pair_does_not_hold_up_a_batch(backend):
    row = artifact(data="a\udc80b")
    backend.append(batch(row))
    found = backend.artifact(row.id)
    assert found is not None
    assert found.data == "a\\udc80b"
