"""What masks hide, whatever they are given."""

from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from noria.core.errors import ConfigurationError
from noria.privacy import hash_id, mask_email, mask_id_number, mask_name, mask_phone
from noria.privacy.texts import STARS, is_missing, text_of

MASKS = [mask_email, mask_phone, mask_name, mask_id_number]
EVERY = [*MASKS, lambda value: hash_id(value, "k")]
MISSING = [None, math.nan, pd.NA, pd.NaT, np.float32("nan"), np.datetime64("NaT"), Decimal("NaN")]


@pytest.mark.parametrize("mask", EVERY)
@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_what_is_missing_stays_so(mask, value):
    assert mask(value) is value


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("value", ["", "  ", "\u200b"])
def test_what_is_empty_stays_so(mask, value):
    assert mask(value) == ""


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("zhangsan@example.com", "zh****@example.com"),
        ("abcde@x.cn", "ab****@x.cn"),
        ("abc@x.cn", "a****@x.cn"),
        ("ab@x.cn", "****@x.cn"),
        ("a@x.cn", "****@x.cn"),
        ("@x.cn", "****@x.cn"),
        ("no address", "****"),
        ("secret@host", "se****@****"),
        ("me@10.0.0.1", "****@****"),
        ("me@13812345678", "****@****"),
        ("a@b@c.de", "a****@c.de"),
        ("a.b+tag@x.co.uk", "a.****@x.co.uk"),
        ("<zhangsan@x.cn>", "zh****@x.cn"),
        ("Zhang San <zhangsan@x.cn>", "zh****@x.cn"),
        ("zhangsan@x.cn, lisi@y.cn;王五@例子.中国", "zh****@x.cn, l****@y.cn, ****@例子.中国"),
        ("zhangsan@x.cn|13812345678", "zh****@x.cn"),
        ("user@xn--fsqu00a.xn--fiqs8s", "u****@xn--fsqu00a.xn--fiqs8s"),
        ("राम@हिन्दी.भारत", "र****@हिन्दी.भारत"),
        ("zhangsan＠x．cn", "zh****@x.cn"),
        (b"zhangsan@x.cn", "zh****@x.cn"),
        (12345, "****"),
    ],
)
def test_emails(value, masked):
    assert mask_email(value) == masked


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("13812345678", "138****5678"),
        (13812345678, "138****5678"),
        (13812345678.0, "138****5678"),
        ("13812345678.0", "138****5678"),
        (Decimal("13812345678.00"), "138****5678"),
        (np.int64(13812345678), "138****5678"),
        (np.float64(13812345678), "138****5678"),
        ("138 1234-5678", "138****5678"),
        ("+86 138 1234 5678", "+86 138****5678"),
        ("(+86)13812345678", "+86 138****5678"),
        ("008613812345678", "+86 138****5678"),
        (8613812345678, "+86 138****5678"),
        ("１３８１２３４５６７８", "138****5678"),
        ("٠١٢٣٤٥٦٧٨٩٠", "012****7890"),
        ("\u202a13812345678\u202c", "138****5678"),
        ("1234567", "****67"),
        ("123456", "****"),
        ("not given", "****"),
        (True, "****"),
        (math.inf, "****"),
    ],
    ids=repr,
)
def test_phones(value, masked):
    assert mask_phone(value) == masked


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("张三", "张****"),
        ("欧阳娜娜", "欧****"),
        ("John Smith", "J****"),
        ("X", "****"),
        (7, "****"),
    ],
)
def test_names(value, masked):
    assert mask_name(value) == masked


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("11010519491231002X", "110****2X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "110****2X"),
        ("110105 1949 1231 002x", "110****2x"),
        (110105194912310021, "110****21"),
        ("110105491231002", "110****02"),
        ("E12345678", "****78"),
        ("1234567", "****"),
        ("---", "****"),
    ],
)
def test_id_numbers(value, masked):
    assert mask_id_number(value) == masked


ANYTHING = st.one_of(
    st.text(),
    st.binary(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.decimals(),
    st.none(),
    st.dates(),
    st.lists(st.text()),
    st.builds(object),
)


@given(ANYTHING)
def test_nothing_crashes_a_mask(value):
    for mask in EVERY:
        masked = mask(value)
        assert is_missing(masked) if is_missing(value) else isinstance(masked, str)


LETTERS = st.characters(categories=["L", "M", "N"])
DOMAINS = st.sampled_from(["x.cn", "例子.中国", "a-b.example.com"])


@given(st.text(LETTERS, min_size=1), DOMAINS)
def test_an_email_shows_two_characters_at_most(local, domain):
    # The plain form of some letters holds what stands between addresses: a blank, or "3," of "🄄".
    assume(all(character.isalnum() for character in text_of(local)))
    shown, stars, rest = mask_email(f"{local}@{domain}").partition(STARS)
    assert (stars, rest) == (STARS, "@" + domain)
    plain = text_of(local)
    assert plain.startswith(shown)
    assert len(shown) <= (2 if len(plain) >= 5 else 1 if len(plain) >= 3 else 0)


@given(st.text(min_size=1), st.text())
def test_an_email_hides_what_stands_before_the_sign_whatever_it_is(local, domain):
    masked = mask_email(f"{local}@{domain}")
    for part in masked.split(", "):
        assert len(part.partition(STARS)[0]) <= 2


DIGITS = st.sampled_from("0123456789０１２٣٤५६")
NOISE = st.sampled_from(["", " ", "-", ".", "(", ")", "\u200b", "x"])


@given(st.lists(st.tuples(DIGITS, NOISE)))
def test_a_phone_shows_seven_digits_at_most(parts):
    written = "".join(digit + noise for digit, noise in parts)
    digits = [character for character in text_of(written) if character.isdigit()]
    masked = mask_phone(written)
    seen = len([character for character in masked.removeprefix("+86 ") if character.isdigit()])
    assert seen <= (7 if len(digits) >= 11 else 2 if len(digits) >= 7 else 0)


@given(st.text())
def test_a_name_shows_one_character_at_most(name):
    masked = mask_name(name)
    assert len(masked.removesuffix(STARS)) <= (1 if len(text_of(name)) >= 2 else 0)


@given(st.text())
def test_an_id_number_shows_five_characters_at_most(number):
    length = len([character for character in text_of(number) if character.isalnum()])
    seen = len(mask_id_number(number).replace(STARS, ""))
    assert seen <= (5 if length >= 15 else 2 if length >= 8 else 0)


class TestHashId:
    @pytest.mark.parametrize(
        "value", [42, 42.0, "42", "42.0", " 42", "４２", np.int32(42), b"42"], ids=repr
    )
    def test_one_id_has_one_digest(self, value):
        assert hash_id(value, "our key") == hash_id(42, b"our key")

    def test_others_and_other_keys_differ(self):
        assert len({hash_id(42, "a"), hash_id(43, "a"), hash_id(42, "b")}) == 3

    def test_it_is_the_same_in_every_process(self, monkeypatch):
        monkeypatch.setenv("NORIA_PRIVACY_KEY", "our key")
        code = "from noria.privacy import hash_id; print(hash_id('u-1'))"
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert ran.stdout.decode().strip() == hash_id("u-1") == hash_id("u-1", "our key")

    def test_its_length_may_be_chosen(self):
        assert len(hash_id(42, "k")) == 32
        assert hash_id(42, "k", digits=64).startswith(hash_id(42, "k", digits=16))
        with pytest.raises(ValueError, match="digits is 8; expected 16 to 64"):
            hash_id(42, "k", digits=8)

    @pytest.mark.parametrize("key", ["", "  ", b""], ids=repr)
    def test_an_empty_key_is_refused(self, key):
        with pytest.raises(ConfigurationError, match="key of hash_id is empty"):
            hash_id(42, key)

    def test_no_key_is_refused(self):
        with pytest.raises(ConfigurationError, match="NORIA_PRIVACY_KEY"):
            hash_id(42)
