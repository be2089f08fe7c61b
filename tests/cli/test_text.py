"""Text on a terminal: widths, cuts and what must not reach it."""

import pytest

from noria.cli.text import bytes_text, clean, fit, pad, width


def test_chinese_letters_and_emoji_take_two_columns():
    assert width("清洗") == 4
    assert width("ok ✅") == 5


@pytest.mark.parametrize("columns", range(1, 12))
def test_a_cut_text_is_never_wider_than_asked(columns):
    assert width(fit("清洗 flights 数据", columns)) <= columns


def test_a_text_that_fits_is_left_alone():
    assert fit("清洗", 4) == "清洗"


def test_padding_counts_columns_not_letters():
    assert pad("清洗", 6) == "清洗  "
    assert pad("1", 3, right=True) == "  1"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("城市 🚀", "城市 🚀"),
        ("全角\u3000空格", "全角\u3000空格"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("two\nlines\tand", "two lines and"),
        ("carriage\rreturn", "carriagereturn"),
        ("\u202eevil", "\\u202eevil"),
        ("lone \ud800", "lone \\ud800"),
    ],
)
def test_nothing_in_a_text_moves_the_cursor(raw, shown):
    assert clean(raw) == shown


def test_line_breaks_stay_where_lines_are_wanted():
    assert clean("a\n\tb", lines=True) == "a\n\tb"


def test_sizes_in_the_unit_that_reads_best():
    assert [bytes_text(n) for n in (0, 1023, 1024, 1024**2, 1024**4)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.0 MiB",
        "1024.0 GiB",
    ]
