"""Files of environment variables."""

from __future__ import annotations

import pytest

from noria.core.envfile import parse
from noria.core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("export A=1", "1"),
        ("  A = 1  ", "1"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=a b # said", "a b"),
        ("A=a#b", "a#b"),
        ("A=x=y", "x=y"),
        ("A='a # b\\n'", "a # b\\n"),
        ('A="a # b\\n\\"c\\" \\\\ \\x"  # said', 'a # b\n"c" \\ \\x'),
        ("A=密码 值", "密码 值"),
        ("A=1\r", "1"),
        ("\ufeffA=1", "1"),
        ("# A=2\n\nA=1", "1"),
        ("A=1\nA=2", "2"),
    ],
)
def test_lines(line, value):
    assert parse(line, ".env") == {"A": value}


@pytest.mark.parametrize("line", ["s3cret", "=s3cret", "A B=s3cret", "A='s3cret", "A='s3cret'x"])
def test_a_line_that_is_none_is_named_and_not_shown(line):
    with pytest.raises(ConfigurationError, match=r"^\.env, line 2: ") as caught:
        parse("# first\n" + line, ".env")
    assert "s3cret" not in str(caught.value)
