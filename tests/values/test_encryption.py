"""Encryption at rest: only the right key opens a box, only where it belongs, only untouched."""

from __future__ import annotations

import base64
import os
import stat
import sys
import threading
from types import SimpleNamespace

import pytest

from noria.core.errors import EncryptionError
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.values import keys as key_places
from noria.values.encryption import key_id, keys_of, new_key, open_sealed, seal

KEYS = keys_of([bytes(range(32)), bytes(32)], "a test")
BLOCK = b"\x01" * 16


def sealed(content=b"hidden"):
    return seal(KEYS, BLOCK, 3, "value", content)


def test_what_was_sealed_opens():
    for content in (b"", b"hidden", "密码".encode(), os.urandom(100_000)):
        assert open_sealed(KEYS, sealed(content), "secret/x") == content


def test_the_first_key_seals_and_all_open():
    assert sealed().key == key_id(bytes(range(32)))
    turned = keys_of([bytes(32), bytes(range(32))], "a test")
    assert open_sealed(turned, sealed(), "secret/x") == b"hidden"


def test_no_two_boxes_are_alike():
    assert sealed().box != sealed().box
    assert b"hidden" not in sealed().box


def test_every_changed_bit_is_noticed():
    whole = sealed()
    for place in range(len(whole.box)):
        box = bytearray(whole.box)
        box[place] ^= 1
        with pytest.raises(EncryptionError, match="secret/x, field 'value', was changed"):
            open_sealed(KEYS, whole._replace(box=bytes(box)), "secret/x")


@pytest.mark.parametrize("box", [b"", b"\x01", b"\x01" + bytes(12), b"\x01" + bytes(27)])
def test_a_box_that_is_cut_short_is_noticed(box):
    with pytest.raises(EncryptionError, match="was changed"):
        open_sealed(KEYS, sealed()._replace(box=box), "secret/x")


@pytest.mark.parametrize(
    "moved", [{"block": b"\x02" * 16}, {"version": 4}, {"field": "other"}], ids=str
)
def test_a_box_opens_only_where_it_belongs(moved):
    with pytest.raises(EncryptionError, match="was changed"):
        open_sealed(KEYS, sealed()._replace(**moved), "secret/x")


def test_another_key_is_named_and_so_is_the_one_that_is_needed():
    other = keys_of([b"o" * 32], "NORIA_ENCRYPTION_KEY")
    with pytest.raises(EncryptionError) as caught:
        open_sealed(other, sealed(), "secret/x")
    text = str(caught.value)
    assert f"secret/x is encrypted with key {key_id(bytes(range(32)))}" in text
    assert f"NORIA_ENCRYPTION_KEY holds {key_id(b'o' * 32)}" in text


def test_a_missing_key_is_said_to_be_missing():
    with pytest.raises(EncryptionError, match=r"there is no key in /home/x/encryption\.key"):
        open_sealed(keys_of([], "/home/x/encryption.key"), sealed(), "secret/x")


class TestPlaces:
    @pytest.fixture
    def settings(self, tmp_path):
        return Settings(home=str(tmp_path / "home"))

    def path(self, settings):
        return os.path.join(settings.home_path, "encryption.key")

    def test_a_file_is_made_for_its_owner_only(self, settings):
        made = key_places.held_or_made(settings, [])
        assert stat.S_IMODE(os.stat(self.path(settings)).st_mode) == 0o600
        assert key_places.held(settings) == made
        assert sorted(os.listdir(settings.home_path)) == ["encryption.key", "encryption.key.lock"]

    def test_opening_makes_no_key(self, settings):
        assert key_places.held(settings).by_id == {}
        assert not os.path.exists(self.path(settings))

    def test_of_many_that_make_it_at_once_all_have_the_same(self, settings):
        made = []
        begin = threading.Barrier(8)

        def make():
            begin.wait()
            made.append(key_places.held_or_made(settings, []).sealing)

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 8
        assert set(made) == {key_places.held(settings).sealing}

    def test_a_file_that_others_can_read_is_refused(self, settings):
        key_places.held_or_made(settings, [])
        os.chmod(self.path(settings), 0o644)
        with pytest.raises(EncryptionError, match="chmod 600"):
            key_places.held(settings)

    @pytest.mark.parametrize("text", ["garbage", "é", "QUJD", "x" * 42, "=" * 44])
    def test_a_file_that_holds_no_key_is_refused(self, settings, text):
        key_places.held_or_made(settings, [])
        with open(self.path(settings), "w", encoding="utf-8") as file:
            file.write(text)
        with pytest.raises(EncryptionError, match=r"encryption\.key"):
            key_places.held(settings)

    def test_no_new_key_is_made_where_secrets_have_another(self, settings):
        with pytest.raises(EncryptionError, match="encrypted with key abcd1234"):
            key_places.held_or_made(settings, ["abcd1234"])
        assert not os.path.exists(self.path(settings))

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        place = key_places.KeyFile(str(tmp_path / "file" / "encryption.key"))
        with pytest.raises(EncryptionError, match="cannot be"):
            place.write([new_key()])

    def test_the_setting_holds_keys_in_either_alphabet(self):
        keys = [b"\xff" * 32, b"\xfb" * 32]
        text = ", ".join(
            [
                base64.b64encode(keys[0]).decode(),
                base64.urlsafe_b64encode(keys[1]).decode().rstrip("="),
            ]
        )
        held = key_places.held(Settings(encryption_key=text))
        assert list(held.by_id.values()) == keys
        assert held.origin == "NORIA_ENCRYPTION_KEY"

    @pytest.mark.parametrize("text", ["password", "x" * 44, "QUJD", "密钥"])
    def test_a_setting_that_is_no_key_is_refused_and_not_repeated(self, text):
        with pytest.raises(EncryptionError) as caught:
            key_places.held(Settings(encryption_key=text))
        assert "NORIA_ENCRYPTION_KEY" in str(caught.value)
        assert "openssl rand -base64 32" in str(caught.value)
        assert text not in str(caught.value)

    def test_a_key_is_masked_like_any_secret(self):
        text = base64.b64encode(b"\xff" * 32).decode()
        key_places.held(Settings(encryption_key=text))
        assert text not in redactor.mask(f"NORIA_ENCRYPTION_KEY={text}")

    def test_the_keyring_of_the_system(self, settings, monkeypatch):
        entries: dict[tuple[str, str], str] = {}
        fake = SimpleNamespace(
            get_password=lambda service, user: entries.get((service, user)),
            set_password=lambda service, user, text: entries.__setitem__((service, user), text),
        )
        monkeypatch.setitem(sys.modules, "keyring", fake)
        settings = settings._replace(encryption_key="keyring")
        made = key_places.held_or_made(settings, [])
        assert key_places.held(settings) == made
        assert list(entries) == [("noria", settings.home_path)]
        assert not os.path.exists(self.path(settings))

    def test_a_keyring_that_is_not_installed_is_said_to_be_missing(self, settings, monkeypatch):
        monkeypatch.setitem(sys.modules, "keyring", None)
        with pytest.raises(EncryptionError, match="pip install keyring"):
            key_places.held(settings._replace(encryption_key="keyring"))
