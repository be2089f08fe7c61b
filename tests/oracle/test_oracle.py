"""Noria gives the answers recorded on the reference, but for the deviations on record."""

from __future__ import annotations

import importlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import noria.compat.prefect  # noqa: F401 - the cases import the name that this alias provides
from tests.oracle import harness, surface

DEVIATIONS = tomllib.loads((Path(__file__).parent / "deviations.toml").read_text(encoding="utf-8"))
# From the golden files: a case file that cannot be imported fails its cases, not the collection.
ALL_CASES = [(topic, name) for topic in harness.topics() for name in harness.read_golden(topic)]
NAMES = harness.read_golden(surface.TOPIC)


def expected(topic: str, name: str) -> Any:
    """The recorded answer, or Noria's own where it deviates on purpose."""
    deviation = DEVIATIONS.get(topic, {}).get(name)
    if deviation is not None:
        return json.loads(deviation["noria"])
    return harness.read_golden(topic)[name]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("topic", "name"), ALL_CASES, ids=[f"{topic}-{name}" for topic, name in ALL_CASES]
)
def test_behaves_as_recorded(topic: str, name: str) -> None:
    assert harness.observe(harness.cases_of(topic)[name]) == expected(topic, name)


@pytest.mark.parametrize("qualified", NAMES)
def test_offers_the_recorded_name(qualified: str) -> None:
    module, _, name = qualified.partition(":")
    accepted = DEVIATIONS.get(surface.TOPIC, {}).get(qualified, {"noria": "[]"})

    thing = getattr(importlib.import_module(module), name)

    assert surface.missing(NAMES[qualified], thing) == json.loads(accepted["noria"])


def test_every_case_has_a_golden_answer() -> None:
    written = {(topic, name) for topic in harness.topics() for name in harness.cases_of(topic)}

    assert written == set(ALL_CASES)


def test_every_deviation_names_a_case_and_differs_from_its_golden_answer() -> None:
    golden = {topic: harness.read_golden(topic) for topic in [*harness.topics(), surface.TOPIC]}

    idle = [
        f"{topic}.{name}"
        for topic, cases in DEVIATIONS.items()
        for name, deviation in cases.items()
        if name not in golden[topic] or json.loads(deviation["noria"]) == golden[topic][name]
    ]

    assert idle == []
