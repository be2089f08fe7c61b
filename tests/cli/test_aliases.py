"""Commands as those type them who come from Prefect."""

from __future__ import annotations

import json

import pytest

from noria.cli.aliases import translated
from tests.cli.conftest import NOW


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", ""),
        ("runs ls --json", "runs ls --json"),
        ("pool create a --limit 1", "pool set a --limit 1"),
        ("pool set a --description=create", "pool set a --description=create"),
        ("queue create a b --rank 2", "queue set a b --rank 2"),
        ("work-pool", "pool"),
        ("work-pool --help", "pool --help"),
        ("work-pool create a --type process --overwrite", "pool set a --type process"),
        ("work-pool update a --concurrency-limit 3", "pool set a --limit 3"),
        ("work-pool update a --concurrency-limit=3", "pool set a --limit 3"),
        ("work-pool set-concurrency-limit a 3 -o json", "pool set a -o json --limit 3"),
        ("work-pool set-concurrency-limit a -1", "pool set a --limit -1"),
        ("work-pool clear-concurrency-limit a", "pool set a --no-limit"),
        ("work-pool inspect a", "pool show a"),
        ("work-pool pause a", "pool pause a"),
        ("work-pool delete a -y", "pool rm a -y"),
        ("work-pool ls --json", "pool ls --json"),
        ("work-queue create b --pool a --priority 1 --limit 5", "queue set a b --rank 1 --limit 5"),
        ("work-queue create b -q 1 -l 5 -p a", "queue set a b --rank 1 --limit 5"),
        ("work-queue ls", "queue ls"),
        ("work-queue ls --pool=a", "queue ls a"),
        ("work-queue ls --pool", "queue ls --pool"),
        ("work-queue pause b", "queue pause default b"),
        ("work-queue set-concurrency-limit b 3 --pool a", "queue set a b --limit 3"),
        ("work-queue clear-concurrency-limit b --pool a", "queue set a b --no-limit"),
    ],
)
def test_they_are_put_into_words_of_noria(typed, meant):
    assert translated(typed.split()) == meant.split()


def test_they_do_what_they_say(noria, store):
    assert noria("work-pool", "create", "my-pool", "--type", "process").exit_code == 0
    assert noria("work-pool", "set-concurrency-limit", "my-pool", "4").exit_code == 0
    made = ("work-queue", "create", "hot", "--pool", "my-pool", "--priority", "2", "--limit", "5")
    assert noria(*made).exit_code == 0
    found = json.loads(noria("work-pool", "inspect", "my-pool", "--json").stdout)
    assert (found["concurrency_limit"], found["queues"][0]["rank"]) == (4, 2)
    assert noria("--utc", "work-pool", "pause", "my-pool").exit_code == 0
    assert store.pools(NOW)[0].pool.paused


def test_errors_name_the_command_that_it_is(noria):
    assert noria("work-pool", "set-concurrency-limit", "etl", "-1").stderr.splitlines()[-1] == (
        "  see noria pool set --help"
    )
    assert "noria queue has no command preview" in noria("work-queue", "preview", "b").stderr


def test_help_shows_one_name_of_each(noria):
    shown = noria("--help").stdout
    assert "  pool " in shown
    assert "work-pool" not in shown
