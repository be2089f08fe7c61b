"""Masking of secrets: in every form that they take, wherever the text is cut, and quickly."""

from __future__ import annotations

import base64
import html
import json
import threading
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.previews import preview, previews
from noria.core.redaction import MASK, Redactor, redactor, register_secret
from noria.core.tracebacks import error_facts

SECRETS = [
    "s3cr3t",
    'pä ss/w+rd"\\x',
    "密码非常长",
    "a'b\"c",
    "<tag>&x=1",
    "tab\there",
    "\U0001f511key",
]


def knows(*values):
    made = Redactor()
    for value in values:
        made.add(value)
    return made


FORMS: dict[str, Any] = {
    "raw": lambda s: s,
    "repr": repr,
    "repr beside both quotes": lambda s: repr(["'\"" + s]),
    "repr of bytes": lambda s: repr(s.encode()),
    "ascii": ascii,
    "json": json.dumps,
    "json as it is": lambda s: json.dumps(s, ensure_ascii=False),
    "json in json": lambda s: json.dumps({"a": json.dumps({"b": s})}),
    "repr in json": lambda s: json.dumps({"a": repr(s)}, ensure_ascii=False),
    "url": lambda s: quote(s, safe=""),
    "url with slashes": quote,
    "url with pluses": quote_plus,
    "url in small letters": lambda s: quote(s, safe="").lower() if s.islower() else quote(s),
    "html": html.escape,
    "hex": lambda s: s.encode().hex(),
    **{
        f"base64 at {n}": lambda s, n=n: base64.b64encode(b"x" * n + s.encode() + b"y").decode()
        for n in range(4)
    },
    "base64 for urls": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 in a url": lambda s: quote(base64.b64encode(s.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_in_every_form(secret, form):
    text = f"before {FORMS[form](secret)} after"
    masked = knows(secret).mask(text)
    assert MASK in masked
    assert secret not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    # What base64 shares with its neighbours may stay: never more than a few signs of it.
    left = len(masked.replace(MASK, "")) - len("before  after")
    assert left <= len(FORMS[form]("")) + 8


def test_without_secrets_a_text_is_the_very_same():
    text = "x" * 100
    assert Redactor().mask(text) is text
    assert knows("other").mask(text) is text


def test_short_values_and_what_is_no_secret_are_left_alone():
    made = knows("abc", " ab ", True, False, None, 123, ["x"], {"k": "yes"})
    assert not made.active
    assert made.mask("abc True None 123") == "abc True None 123"


def test_values_of_mappings_lists_and_numbers_are_secrets_their_keys_are_not():
    made = knows({"user": "ada-lovelace", "pins": [12345, 2.75125], "deep": {"k": b"by-tes"}})
    masked = made.mask("user ada-lovelace 12345 2.75125 by-tes deep")
    assert masked == f"user {MASK} {MASK} {MASK} {MASK} deep"


def test_a_secret_of_several_lines_is_masked_line_by_line():
    made = knows("-----BEGIN KEY-----\nMIIabc\r\n  indented-line\nxy\n-----END KEY-----\n")
    assert made.mask("got MIIabc") == f"got {MASK}"
    assert made.mask("indented-line") == MASK
    assert made.mask("xy") == "xy"
    whole = "-----BEGIN KEY-----\nMIIabc\r\n  indented-line"
    assert "MII" not in made.mask(json.dumps(whole))


def test_secrets_that_overlap_leave_nothing():
    made = knows("abcdef", "defghi", "ghijkl")
    assert made.mask("..abcdefghijkl..") == f"..{MASK}.."
    assert made.mask("..abcdef..ghijkl") == f"..{MASK}..{MASK}"
    assert knows("abcd", "abcdefgh").mask("abcdefgh") == MASK


def test_what_gives_access_in_a_url_is_a_secret_by_itself():
    made = knows("postgresql://user:p%40ss-w0rd@db.example.com/warehouse")
    text = "FATAL: authentication failed for user at db.example.com/warehouse: p@ss-w0rd"
    assert made.mask(text) == text.replace("p@ss-w0rd", MASK)
    made = knows("https://hooks.example.com/services/T1JJ/TIiajkdnlazkcOXrIdevi7FQ")
    assert made.mask("POST /TIiajkdnlazkcOXrIdevi7FQ") == f"POST /{MASK}"


@pytest.mark.parametrize("limit", range(40))
def test_the_beginning_of_a_text_is_that_of_the_masked_text(limit):
    made = knows("abcdef", "longer-secret-than-its-mask")
    text = "ab abcdef longer-secret-than-its-mask " * 3 + "abcde"
    assert made.head(text, limit) == made.mask(text)[:limit]


@given(
    st.lists(st.text("ab1/+", min_size=4, max_size=9), min_size=1, max_size=4),
    st.text("ab1/+ ", max_size=60),
    st.integers(0, 70),
)
def test_nothing_of_a_secret_is_left_whatever_the_text(secrets, text, limit):
    made = knows(*secrets)
    masked = made.mask(text)
    assert not any(secret in masked for secret in secrets)
    assert made.head(text, limit) == masked[:limit]


def test_in_a_tree_only_whole_numbers_are_masked():
    made = knows(1732, "secret-key")
    tree = {"at": 1732291452, "pin": 1732, "on": True, "secret-key": ["a secret-key", None]}
    masked = {"at": 1732291452, "pin": MASK, "on": True, MASK: [f"a {MASK}", None]}
    assert made.mask_tree(tree) == masked
    assert "secret-key" in made.mask_tree(tree, keys=False)


def test_many_secrets_cost_little_more_than_one():
    made = knows(*(f"secret-number-{number:05}" for number in range(300)))
    assert made.mask("x secret-number-00217 y") == f"x {MASK} y"


def test_threads_that_add_secrets_at_once_lose_none():
    made = Redactor()
    begin = threading.Barrier(8)

    def add(name):
        begin.wait()
        for number in range(20):
            made.add(f"secret-{name}-{number:02}!")
            made.mask("some text")

    threads = [threading.Thread(target=add, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in range(8):
        for number in range(20):
            assert made.mask(f"secret-{name}-{number:02}!") == MASK


def test_others_are_told_of_what_is_new():
    made = Redactor()
    told: list[str] = []
    made.on_add = told.extend
    made.add(["secret-1", "secret-2"])
    made.add("secret-1")
    assert told == made.values == ["secret-1", "secret-2"]


def test_previews_are_masked_before_they_are_cut():
    register_secret("s3cr3t-token")
    for place in range(90, 125):
        text = "x" * place + "s3cr3t-token" + "y" * 20
        for shown in (preview(text), preview(text.encode()), preview([text]), preview({"k": text})):
            assert "s3cr" not in shown
    assert preview("s3cr3t-token") == f"'{MASK}'"
    assert previews({"a": ("s3cr3t-token", 1)}) == f'{{"a": "(\'{MASK}\', 1)"}}'


def test_errors_are_masked_before_they_are_cut():
    register_secret("s3cr3t-token")
    for place in (0, 1990, 1995, 2001):
        try:
            try:
                raise KeyError("s3cr3t-token")
            except KeyError as cause:
                error = ValueError("x" * place + "s3cr3t-token")
                error.add_note("see s3cr3t-token")
                raise error from cause
        except ValueError as error:
            facts = error_facts(error)
        assert "s3cr" not in json.dumps(facts)
        assert MASK in facts["traceback"]


def test_the_process_has_one_redactor():
    register_secret("s3cr3t-token", {"k": "another-one"})
    assert redactor.mask("s3cr3t-token another-one") == f"{MASK} {MASK}"
