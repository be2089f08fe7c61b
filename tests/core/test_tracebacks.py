"""Errors are shown from the user's side, without Noria's insides, and at a bounded length."""

import importlib
import json
import traceback

import pytest

from noria.core import tracebacks
from noria.core.names import format_name
from noria.core.tracebacks import error_facts, format_exception, user_frame, user_traceback


def fails():
    raise ValueError("没有数据")


def raised(fn, *args):
    try:
        fn(*args)
    except Exception as exc:  # noqa: BLE001 - any is fine
        return exc
    raise AssertionError("nothing was raised")


def through_noria():
    """Python calls us, Noria calls us back: frames of both in one traceback."""

    class Calls:
        def __format__(self, spec):
            raise RuntimeError("not by this")

    format_name("{x}", {"x": Calls()})


class UnreadableError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def test_facts_name_type_message_and_the_users_frame():
    facts = error_facts(raised(fails))
    line = fails.__code__.co_firstlineno + 1
    assert facts["type"] == "ValueError"
    assert facts["message"] == "没有数据"
    assert facts["frame"] == f"test_tracebacks.py:{line} in fails"
    assert facts["traceback"].splitlines()[0] == "Traceback (most recent call last):"
    assert facts["traceback"].splitlines()[-2:] == [
        '    raise ValueError("没有数据")',
        "ValueError: 没有数据",
    ]
    assert "causes" not in facts
    assert json.loads(json.dumps(facts)) == facts


def test_a_frame_that_is_known_better_wins():
    assert error_facts(raised(fails), "pool.py:3 in work")["frame"] == "pool.py:3 in work"


def test_the_type_of_a_library_is_qualified():
    assert error_facts(raised(json.loads, "{"))["type"] == "json.decoder.JSONDecodeError"


def test_the_users_frame_is_chosen_before_a_librarys():
    facts = error_facts(raised(json.loads, "{"))
    assert facts["frame"].startswith("test_tracebacks.py:")
    assert facts["frame"].endswith(" in raised")


def test_a_librarys_frame_is_better_than_none():
    exc = raised(json.loads, "{")
    exc = exc.with_traceback(exc.__traceback__.tb_next)
    assert str(user_frame(exc)).startswith("decoder.py:")


def test_what_python_has_within_itself_is_nobodys_frame():
    exc = raised(importlib.import_module, "there_is_no_such_module")
    inner = exc.with_traceback(exc.__traceback__.tb_next)
    assert user_frame(inner).endswith(" in import_module")


def test_noria_is_left_out():
    exc = raised(through_noria)
    text = format_exception(exc)
    assert "in format_name" not in text
    assert "in through_noria" in text
    assert "in __format__" in text
    assert "in format_name" in "".join(traceback.format_exception(exc))


def test_an_error_within_noria_is_still_seen():
    exc = raised(format_name, "{x}", {})
    own = exc.with_traceback(exc.__traceback__.tb_next)
    assert user_frame(own) is None
    assert user_traceback(own.__traceback__) is own.__traceback__
    assert error_facts(own)["type"] == "UnknownFieldError"


def test_a_traceback_for_reraising_begins_with_the_user():
    exc = raised(through_noria)
    inner = exc.__traceback__.tb_next.tb_next
    assert tracebacks.is_own(inner.tb_frame.f_code.co_filename)
    kept = user_traceback(inner)
    assert kept is not None
    assert kept.tb_frame.f_code.co_name == "__format__"
    assert user_traceback(None) is None


def chained(how):
    try:
        fails()
    except ValueError as exc:
        if how == "cause":
            raise RuntimeError("outer") from exc
        if how == "hidden":
            raise RuntimeError("outer") from None
        raise RuntimeError("outer")  # noqa: B904 - the context is what is tested


@pytest.mark.parametrize(
    ("how", "link"),
    [
        ("cause", "The above exception was the direct cause of the following exception:"),
        ("context", "During handling of the above exception, another exception occurred:"),
    ],
)
def test_what_led_to_an_error_is_kept(how, link):
    facts = error_facts(raised(chained, how))
    before, found, after = facts["traceback"].partition(link)
    assert found
    assert before.rstrip().endswith("ValueError: 没有数据")
    assert after.rstrip().endswith("RuntimeError: outer")
    assert facts["causes"] == ["ValueError: 没有数据"]


def test_what_was_hidden_stays_hidden():
    facts = error_facts(raised(chained, "hidden"))
    assert "ValueError" not in facts["traceback"]
    assert "causes" not in facts


def test_a_circle_of_causes_ends():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert format_exception(one).count("ValueError: one") == 1


def test_notes_and_members_of_a_group_are_kept():
    member = raised(fails)
    member.add_note("读第 3 行时")
    text = format_exception(ExceptionGroup("several", [member, KeyError("k")]))
    assert "  | ValueError: 没有数据" in text
    assert "  | 读第 3 行时" in text
    assert "  | KeyError: 'k'" in text


def test_a_text_that_cannot_be_read_is_said_to_be_so():
    facts = error_facts(UnreadableError())
    assert facts["message"] == "<UnreadableError whose text cannot be read: RuntimeError>"


def test_the_size_is_bounded():
    def deep(n):
        return deep(n - 1) if n else fails()

    text = format_exception(raised(deep, 500))
    assert "frames left out" in text
    assert text.endswith("ValueError: 没有数据\n")
    assert len(format_exception(raised(deep, 30), limit=1000)) <= 1000
    assert len(error_facts(ValueError("x" * 100_000))["message"]) == 2000


def test_lone_surrogates_do_not_reach_the_store():
    facts = error_facts(ValueError("\ud800"))
    assert facts["message"] == "\\ud800"
    facts["traceback"].encode()
