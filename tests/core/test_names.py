"""Names: made up, filled in, refused."""

import datetime

import pytest

from noria.core.errors import InvalidNameError
from noria.core.names import check_name, format_name, random_run_name, words
from noria.core.states import Name, StateType


def test_entropy_decides_the_name():
    adjectives, animals = words()
    assert random_run_name(0) == f"{adjectives[0]}-{animals[0]}"
    assert random_run_name(2**64 - 1) == random_run_name(2**64 - 1)


def test_all_pairs_can_come():
    adjectives, animals = words()
    names = {random_run_name(each) for each in range(len(adjectives) * len(animals))}
    assert len(names) == len(adjectives) * len(animals) > 50_000


def test_names_left_to_chance_are_well_formed():
    adjectives, animals = words()
    adjective, animal = random_run_name().split("-")
    assert adjective in adjectives
    assert animal in animals


@pytest.mark.parametrize("place", [0, 1])
def test_words_are_short_plain_and_different(place):
    found = words()[place]
    assert len(set(found)) == len(found) >= 200
    assert all(word.isascii() and word.isalpha() and len(word) <= 12 for word in found)


def test_no_word_reads_like_a_state():
    states = {kind.value.lower() for kind in StateType}
    states |= {name.lower() for key, name in vars(Name).items() if key.isupper()}
    verdicts = {"dead", "lost", "broken", "ready", "done", "stale", "new", "old", "bad", "latest"}
    assert not (states | verdicts) & {word for group in words() for word in group}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("load {table}", "load 航班"),
        ("{day:%Y-%m} {{raw}}", "2013-01 {raw}"),
        ("{rows[0]}{day.year}", "12013"),
        ("plain", "plain"),
    ],
)
def test_a_template_is_filled(template, expected):
    parameters = {"table": "航班", "day": datetime.date(2013, 1, 1), "rows": [1]}
    assert format_name(template, parameters) == expected


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("load {missing}", "no parameter is named 'missing'"),
        ("load {table.size}", "'str' object has no attribute 'size'"),
        ("load {table", "expected '}' before end of string"),
        ("load {}", "Replacement index 0 out of range"),
    ],
)
def test_a_template_that_cannot_be_filled_is_named(template, problem):
    with pytest.raises(InvalidNameError) as caught:
        format_name(template, {"table": "flights", "rows": 3})
    assert repr(template) in str(caught.value)
    assert problem in str(caught.value)
    assert "The parameters are: table, rows." in str(caught.value)


@pytest.mark.parametrize("name", ["etl", "航班 🚀", "a-b_c.d 1"])
def test_any_text_may_be_a_name(name):
    assert check_name(name, "flow") == name


@pytest.mark.parametrize("character", ["/", "%", "&", ">", "<"])
def test_banned_characters_are_refused(character):
    with pytest.raises(InvalidNameError) as caught:
        check_name(f"a{character}b", "flow")
    assert str(caught.value).startswith(
        f"Name 'a{character}b' contains an invalid character. "
        "Must not contain any of: ['/', '%', '&', '>', '<']."
    )


def test_an_empty_name_is_refused():
    with pytest.raises(InvalidNameError, match="The name of a flow is empty"):
        check_name("", "flow")


def test_a_name_must_be_text():
    with pytest.raises(TypeError, match="Expected string for a flow's name; got int instead: 3"):
        check_name(3, "flow")  # type: ignore[arg-type]
