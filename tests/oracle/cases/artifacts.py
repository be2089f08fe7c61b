"""Artifacts: what is kept of each kind, keys, progress, classes, sync and async."""

import json
import math
import uuid
import warnings
from typing import Any

from prefect import flow, task
from prefect.artifacts import (
    Artifact,
    ImageArtifact,
    LinkArtifact,
    MarkdownArtifact,
    ProgressArtifact,
    TableArtifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.context import get_run_context
from prefect.exceptions import ObjectNotFound

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import caught_as, error_kind, lineage


def facts(artifact: Any) -> Any:
    return [artifact.key, artifact.type, artifact.description, artifact.data]


def case_a_table_of_dicts() -> Any:
    def body() -> Any:
        made = create_table_artifact([{"城": "北京", "n": 1}], key="dicts", description="d")
        found = Artifact.get("dicts")
        same = isinstance(made, uuid.UUID) and found.id == made
        return [same, found.key, found.type, found.description, json.loads(found.data)]

    return in_flow(body)


def case_tables_of_other_shapes() -> Any:
    def body() -> Any:
        create_table_artifact([[1, "a"], [2, None]], key="lists")
        create_table_artifact({"a": [1, 2], "b": [3.5, True]}, key="columns")
        create_table_artifact([], key="empty")
        keys = ("lists", "columns", "empty")
        return [json.loads(Artifact.get(key).data) for key in keys]

    return in_flow(body)


def case_what_is_no_number_in_a_table() -> Any:
    table = TableArtifact(table=[{"a": math.nan, "b": [math.nan, 1.5]}])
    return json.loads(table.format())


def case_what_is_no_table() -> Any:
    tables: list[Any] = ["text", 3, None, {"a": 1}, [1, 2], [{"a": 1}, 2]]
    return [caught_as(lambda t=t: TableArtifact(table=t), ValueError) for t in tables]


def case_markdown() -> Any:
    def body() -> Any:
        create_markdown_artifact("# 标题 📊\n\n- a", key="markdown", description="*d*")
        return facts(Artifact.get("markdown"))

    return in_flow(body)


def case_links() -> Any:
    def body() -> Any:
        create_link_artifact("https://x/a", "text", key="link", description="d")
        create_link_artifact("https://x/a", key="bare")
        return [facts(Artifact.get("link")), facts(Artifact.get("bare"))]

    return in_flow(body)


def case_an_image() -> Any:
    def body() -> Any:
        create_image_artifact("https://x/a.png", key="image", description="d")
        return facts(Artifact.get("image"))

    return in_flow(body)


def case_progress() -> Any:
    def body() -> Any:
        made = create_progress_artifact(0, key="progress", description="loading")
        returned = update_progress_artifact(made, 62.5)
        first = facts(Artifact.get("progress"))
        update_progress_artifact(made, 70, description="writing")
        return [returned == made, first, facts(Artifact.get("progress"))]

    return in_flow(body)


def case_progress_beyond_its_ends() -> Any:
    return [ProgressArtifact(progress=given).format() for given in (-5, 0, 33, 100, 250)]


def case_progress_of_what_is_not_there() -> Any:
    missing = uuid.uuid4()
    return in_flow(lambda: caught_as(lambda: update_progress_artifact(missing, 1), ObjectNotFound))


def case_keys() -> Any:
    keys: list[Any] = ["a-b-3", None, "My Key", "a_b", "é", "A"]
    return [caught_as(lambda k=k: MarkdownArtifact(markdown="x", key=k), ValueError) for k in keys]


def case_a_key_that_is_refused() -> Any:
    def create() -> Any:
        return create_markdown_artifact("x", key="My Key")

    return in_flow(lambda: [error_kind(create, mentions=("lowercase", "dashes"))["mentions"]])


def case_the_run_it_belongs_to() -> Any:
    @task
    def t() -> Any:
        create_markdown_artifact("x", key="in-task")
        found = Artifact.get("in-task")
        context = get_run_context()
        mine = found.task_run_id == context.task_run.id
        return [mine, found.flow_run_id == context.task_run.flow_run_id]

    @flow
    def f() -> Any:
        create_markdown_artifact("x", key="in-flow")
        found = Artifact.get("in-flow")
        mine = found.flow_run_id == get_run_context().flow_run.id
        return [mine, found.task_run_id, t()]

    return f()


def case_outside_runs() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = create_markdown_artifact("x", key="outside")
    found = Artifact.get("outside")
    return [found.id == made, found.flow_run_id, found.task_run_id]


def case_versions() -> Any:
    def body() -> Any:
        made = [create_markdown_artifact(str(n), key="versions") for n in range(3)]
        return [len(set(made)), Artifact.get("versions").data]

    return in_flow(body)


def case_the_last_updated_is_found() -> Any:
    def body() -> Any:
        first = create_progress_artifact(1, key="updated")
        create_progress_artifact(2, key="updated")
        before = Artifact.get("updated").data
        update_progress_artifact(first, 3)
        return [before, Artifact.get("updated").data]

    return in_flow(body)


def case_get_of_what_is_not_there() -> Any:
    return Artifact.get("never-made")


def case_get_or_create() -> Any:
    def body() -> Any:
        key = f"new-{uuid.uuid4()}"
        made, new = MarkdownArtifact.get_or_create(key, description="d", markdown="x")
        again, newer = MarkdownArtifact.get_or_create(key, description="e", markdown="y")
        return [new, newer, made.id == again.id, again.data, again.description]

    return in_flow(body)


def case_the_base_class() -> Any:
    def body() -> Any:
        made = Artifact(type="config", key="config", data={"a": 1}, metadata_={"o": "p"}).create()
        return [made.type, json.loads(made.data), made.metadata_, type(made).__name__]

    return in_flow(body)


def case_formats() -> Any:
    return [
        json.loads(Artifact(data={"a": [1]}).format()),
        MarkdownArtifact(markdown="x").format(),
        LinkArtifact(link="u", link_text="t").format(),
        LinkArtifact(link="u").format(),
        ImageArtifact(image_url="u").format(),
        ProgressArtifact(progress=3).format(),
    ]


def case_types() -> Any:
    classes: dict[Any, Any] = {
        LinkArtifact: {"link": "u"},
        MarkdownArtifact: {"markdown": "x"},
        TableArtifact: {"table": []},
        ProgressArtifact: {"progress": 1},
        ImageArtifact: {"image_url": "u"},
    }
    return [[lineage(cls)[:2], cls(**fields).type] for cls, fields in classes.items()]


def case_missing_fields() -> Any:
    classes = (LinkArtifact, MarkdownArtifact, TableArtifact, ProgressArtifact, ImageArtifact)
    return [caught_as(lambda cls=cls: cls(key="k"), ValueError) for cls in classes]


async def case_async() -> Any:
    @task
    async def t() -> Any:
        made = await create_progress_artifact(1, key="async-progress")
        await update_progress_artifact(made, 2)
        await aupdate_progress_artifact(made, 3)
        return (await Artifact.get("async-progress")).data

    @flow
    async def f() -> Any:
        await create_markdown_artifact("x", key="async-markdown")
        await acreate_markdown_artifact("y", key="async-markdown")
        await acreate_table_artifact([{"a": 1}], key="async-table")
        await acreate_progress_artifact(5, key="async-other")
        found = await Artifact.aget("async-markdown")
        text = await MarkdownArtifact(markdown="z").format()
        made = await MarkdownArtifact(markdown="z").acreate()
        return [found.data, text, made.data, await t()]

    return await f()


async def case_sync_flows_called_on_an_event_loop() -> Any:
    @flow
    def f() -> Any:
        create_markdown_artifact("x", key="sync-in-async")
        return Artifact.get("sync-in-async").data

    return f()
