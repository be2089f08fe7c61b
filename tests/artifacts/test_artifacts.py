"""Artifacts as users make and read them."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid

import pytest

from noria import flow, get_run_logger, task
from noria.artifacts import (
    Artifact,
    ImageArtifact,
    LinkArtifact,
    MarkdownArtifact,
    ProgressArtifact,
    TableArtifact,
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from noria.backend.port import ArtifactFilter
from noria.context import FlowRunContext, TaskRunContext
from noria.core.errors import InvalidNameError, ObjectNotFound
from noria.engine import artifacts as engine
from noria.engine.session import open_session
from noria.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner
from noria.values.tables import MOST_BYTES


def stored(artifact_id):
    session = open_session()
    session.journal.flush()
    return session.backend.artifact(artifact_id.bytes)


def this_flow_run():
    context = FlowRunContext.get()
    assert context is not None
    return context.flow_run.id


def this_task_run():
    context = TaskRunContext.get()
    assert context is not None
    return context.task_run.id


class TestCreate:
    @pytest.mark.parametrize(
        ("create", "kind", "data"),
        [
            (lambda: create_table_artifact([{"a": 1}], "k", "d"), "table", '[{"a": 1}]'),
            (lambda: create_markdown_artifact("# 你好", "k", "d"), "markdown", "# 你好"),
            (lambda: create_link_artifact("http://x", "t", "k", "d"), "markdown", "[t](http://x)"),
            (lambda: create_progress_artifact(40, "k", "d"), "progress", 40.0),
            (lambda: create_image_artifact("http://x.png", "k", "d"), "image", "http://x.png"),
        ],
        ids=["table", "markdown", "link", "progress", "image"],
    )
    def test_each_kind_is_stored(self, create, kind, data):
        made = create()
        assert isinstance(made, uuid.UUID)
        found = Artifact.get("k")
        assert (found.id, found.type, found.data) == (made, kind, data)
        assert (found.description, found.version) == ("d", 1)

    def test_outside_runs_it_is_committed_at_once(self):
        made = create_markdown_artifact("x")
        assert open_session().backend.artifact(made.bytes) is not None

    def test_in_a_flow_and_in_a_task_it_belongs_to_the_run(self):
        @task
        def in_task():
            return create_markdown_artifact("x"), this_task_run()

        @flow
        def around():
            return create_markdown_artifact("y"), in_task(), this_flow_run()

        direct, (nested, task_run), flow_run = around()
        row = stored(direct)
        assert (row.flow_run, row.task_run) == (flow_run.bytes, None)
        row = stored(nested)
        assert (row.flow_run, row.task_run) == (flow_run.bytes, task_run.bytes)

    @pytest.mark.parametrize(
        "runner", [ThreadPoolTaskRunner(max_workers=2), ProcessPoolTaskRunner(max_workers=1)]
    )
    def test_submitted_tasks_make_them_too(self, runner):
        @task
        def step():
            made = create_progress_artifact(1, key="step")
            update_progress_artifact(made, 50)
            return made, this_task_run(), Artifact.get("step").data

        @flow(task_runner=runner)
        def around():
            return step.submit().result()

        made, task_run, seen = around()
        row = stored(made)
        assert (row.task_run, row.data, seen) == (task_run.bytes, "50.0", 50.0)

    def test_a_task_called_outside_a_flow_makes_them(self):
        made = task(lambda: create_markdown_artifact("x"))()
        assert stored(made).flow_run is None

    def test_the_run_can_be_given(self):
        flow_run = uuid.uuid4()
        made = MarkdownArtifact(markdown="x", flow_run_id=flow_run).create()
        assert made.flow_run_id == flow_run

    def test_metadata_are_texts(self):
        made = MarkdownArtifact(markdown="x", metadata_={"rows": 3}).create()  # type: ignore[dict-item]
        assert made.metadata_ == {"rows": "3"}

    def test_async_code_awaits_the_same_names(self):
        @task
        async def in_task():
            made = await create_progress_artifact(1, key="p")
            await update_progress_artifact(made, 2)
            return (await Artifact.get("p")).data

        @flow
        async def around():
            await create_table_artifact([[1]], key="t")
            artifact = await MarkdownArtifact(markdown="x").create()
            return artifact.flow_run_id, this_flow_run(), await in_task()

        made_in, flow_run, progress = asyncio.run(around())
        assert made_in == flow_run
        assert progress == 2.0

    def test_versions_of_a_key(self):
        for number in range(3):
            create_markdown_artifact(f"# {number}", key="report")
        found = open_session().backend.artifacts(ArtifactFilter(key="report"))
        assert [(row.version, row.summary) for row in found] == [(3, "2"), (2, "1"), (1, "0")]


class TestKeys:
    @pytest.mark.parametrize("key", ["My Key", "a_b", "", "日报", "a\n", 3])
    def test_a_key_that_cannot_be_is_named(self, key):
        with pytest.raises(InvalidNameError, match="must only contain lowercase") as caught:
            create_markdown_artifact("x", key=key)
        assert f"Artifact key {key!r}" in str(caught.value)
        assert isinstance(caught.value, ValueError)

    def test_one_that_could_be_is_suggested(self):
        with pytest.raises(ValueError, match="such as 'my-key-2'"):
            create_markdown_artifact("x", key="My Key_2!")


class TestGet:
    def test_the_last_updated_is_found(self):
        first = create_progress_artifact(0, key="p")
        second = create_progress_artifact(0, key="p")
        assert Artifact.get("p").id == second
        update_progress_artifact(first, 10)
        assert Artifact.get("p").id == first
        assert Artifact.get().id == first

    def test_none_is_no_error(self):
        assert Artifact.get("never") is None

    def test_get_or_create(self):
        made, new = MarkdownArtifact.get_or_create("k", description="d", markdown="x")
        again, newer = MarkdownArtifact.get_or_create("k", markdown="y")
        assert (new, newer) == (True, False)
        assert (made.id, again.data, again.description) == (again.id, "x", "d")

    def test_within_a_run_what_was_just_made_is_found(self):
        @flow
        def around():
            made = create_markdown_artifact("x", key="k")
            return Artifact.get("k").id == made

        assert around()


class TestProgress:
    def test_an_update_keeps_what_it_does_not_name(self):
        made = create_progress_artifact(10, key="p", description="loading")
        assert update_progress_artifact(made, 20) == made
        found = Artifact.get("p")
        assert (found.data, found.description, found.version) == (20.0, "loading", 1)
        update_progress_artifact(str(made), 30, description="writing")
        assert Artifact.get("p").description == "writing"

    def test_one_made_elsewhere_is_updated_as_well(self):
        made = create_progress_artifact(10, key="p", description="loading")
        engine._recent.clear()
        update_progress_artifact(made, 20)
        found = Artifact.get("p")
        assert (found.data, found.description) == (20.0, "loading")

    def test_an_unknown_one_is_not_found(self):
        missing = uuid.uuid4()
        with pytest.raises(ObjectNotFound, match=str(missing)):
            update_progress_artifact(missing, 1)

    def test_another_kind_is_refused(self):
        made = create_markdown_artifact("x")
        with pytest.raises(ValueError, match="is no progress but a markdown"):
            update_progress_artifact(made, 1)

    @pytest.mark.parametrize(("given", "kept"), [(-5, 0.0), (250, 100.0), (True, 1.0)])
    def test_what_is_beyond_counts_as_the_end(self, given, kept):
        create_progress_artifact(given, key="p")
        assert Artifact.get("p").data == kept

    def test_that_is_said_in_the_log_of_the_run(self):
        @flow
        def around():
            create_progress_artifact(101)
            return this_flow_run()

        flow_run = around()
        (line,) = open_session().backend.logs(flow_run.bytes, level=30)
        assert "101 is not between 0 and 100" in line[1].message

    def test_and_outside_runs_to_logging(self, caplog):
        with caplog.at_level(logging.WARNING, logger="noria.artifacts"):
            create_progress_artifact(101)
        assert "101" in caplog.text

    @pytest.mark.parametrize("given", ["much", None, float("nan"), [1]])
    def test_no_number_is_refused(self, given):
        with pytest.raises(ValueError, match="percent from 0 to 100"):
            create_progress_artifact(given)


class TestClasses:
    def test_each_has_its_format(self):
        assert json.loads(Artifact(data={"a": 1}).format()) == {"a": 1}
        assert LinkArtifact(link="http://x").format() == "[http://x](http://x)"
        assert TableArtifact(table=[[1, None]]).format() == "[[1, null]]"
        assert ImageArtifact(image_url="u").format() == "u"
        assert ProgressArtifact(progress=7).format() == 7.0

    def test_format_can_be_awaited(self):
        assert asyncio.run(MarkdownArtifact(markdown="x").aformat()) == "x"

    def test_a_class_of_ones_own(self):
        class Gauge(Artifact):
            value: float
            unit: str = "°C"
            type: str | None = "gauge"

            def format(self):
                return {"value": self.value, "unit": self.unit}

        made = Gauge(key="kettle", value=95.5).create()
        assert (made.type, made.data) == ("gauge", {"value": 95.5, "unit": "°C"})

    def test_a_missing_field_is_named(self):
        with pytest.raises(ValueError, match=r"TableArtifact needs table=\.\.\."):
            TableArtifact(key="t")  # type: ignore[call-arg]

    def test_an_unknown_field_is_named(self):
        with pytest.raises(TypeError, match="has no field 'tabel'"):
            TableArtifact(table=[], tabel=[])  # type: ignore[call-arg]

    @pytest.mark.parametrize(
        "make",
        [
            lambda: MarkdownArtifact(markdown=3),  # type: ignore[arg-type]
            lambda: LinkArtifact(link=None),  # type: ignore[arg-type]
            lambda: ImageArtifact(image_url=b"x"),  # type: ignore[arg-type]
        ],
        ids=["markdown", "link", "image"],
    )
    def test_no_text_is_refused(self, make):
        with pytest.raises(ValueError, match="needs a text for"):
            make()


class TestLarge:
    def test_of_a_large_text_the_beginning_is_kept(self):
        made = MarkdownArtifact(markdown="表" * MOST_BYTES, key="k").create()
        assert made.data == "表" * (MOST_BYTES // 3)
        assert made.note is not None
        assert made.note.startswith("Only the first 1,398,101 of 4,194,304 characters are kept")

    def test_other_large_data_is_refused(self):
        with pytest.raises(ValueError, match=r"has 5,000,000 bytes; it may have 4,194,304"):
            create_image_artifact("x" * 5_000_000)

    def test_what_is_left_out_is_said_in_the_log(self):
        @flow
        def around():
            get_run_logger()
            create_table_artifact([[n] for n in range(10_001)], key="big")
            return this_flow_run()

        (line,) = open_session().backend.logs(around().bytes, level=30)
        assert "'big': Only the first 10,000 of 10,001 rows are kept" in line[1].message


def test_any_text_comes_back():
    text = "中文 🚰 \u2028 \x00 \x1b[31m עברית"
    create_markdown_artifact(text, key="k", description=text)
    found = Artifact.get("k")
    assert (found.data, found.description) == (text, text)
