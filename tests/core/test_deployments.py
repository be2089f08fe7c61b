"""Specifications: compared field by field, and through JSON."""

from __future__ import annotations

import json

from noria.core.deployments import (
    DeploymentSpec,
    OnCrash,
    Overlap,
    ScheduleSpec,
    changes,
    from_record,
    to_record,
)
from noria.core.schedules.rules import Catchup

SPEC = DeploymentSpec(
    "每日任务",
    "生产",
    "flows/etl.py:etl",
    tags=("关键", "生产"),
    parameters={"城市": "上海"},
    overlap=Overlap.QUEUE,
    catchup=Catchup.ALL,
    on_crash=OnCrash.RETRY,
    schedules=(ScheduleSpec("夜", {"kind": "cron", "cron": "0 2 * * *"}, parameters={"n": 1}),),
)


def test_through_json():
    assert from_record(json.loads(json.dumps(to_record(SPEC)))) == SPEC


def test_fields_of_a_later_noria_are_left_out_and_missing_ones_have_their_defaults():
    record = {"flow_name": "a", "name": "b", "entrypoint": "c.py:a", "telepathy": True}
    assert from_record(record) == DeploymentSpec("a", "b", "c.py:a")


def test_changes():
    assert changes(SPEC, SPEC) == ()
    after = SPEC._replace(tags=("关键",), priority=5)
    assert [(each.field, each.before, each.after) for each in changes(SPEC, after)] == [
        ("tags", ("关键", "生产"), ("关键",)),
        ("priority", 0, 5),
    ]


def test_how_people_name_it():
    assert SPEC.full_name == "每日任务/生产"
