"""Noria gives the answers that were recorded on the reference implementation, but for the deviations on record."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import noria.compat.prefect  # noqa: F401  # isort: skip  # the cases import the name that this alias provides
from tests.oracle import harness
import pytest

DEVIATIONS = tomllib.loads((Path(__file__).parent / "deviations.toml").read_text(encoding="utf-8"))
ALL_CASES = [(topic, name) for topic in harness.topics() for name in harness.cases_of(topic)]


def expected(topic: str, name: str) -> Any:
    """The recorded answer, or Noria's own where it deviates on purpose."""
    deviation = DEVIATIONS.get(topic, {}).get(name)
    if deviation is not None:
        return json.loads(deviation["noria"])
    return harness.read_golden(topic)[name]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep cases out of each other's stores and out of the user's home."""
    monkeypatch.setenv("NORIA_HOME", str(tmp_path_factory.mktemp("noria")))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("topic", "name"), ALL_CASES, ids=[f"{topic}-{name}" for topic, name in ALL_CASES]
)
def test_behaves_as_recorded(topic: str, name: str) -> None:
    assert harness.observe(harness.cases_of(topic)[name]) == expected(topic, name)


def test_every_case_has_a_golden_answer() -> None:
    recorded = {(topic, name) for topic in harness.topics() for name in harness.read_golden(topic)}

    assert recorded == set(ALL_CASES)


def test_every_deviation_names_a_case_and_differs_from_its_golden_answer() -> None:
    idle = [
        f"{topic}.{name}"
        for topic, cases in DEVIATIONS.items()
        for name, deviation in cases.items()
        if (topic, name) not in ALL_CASES
        or json.loads(deviation["noria"]) == harness.read_golden(topic)[name]
    ]

    assert idle == []
