"""Blocks: saved and loaded by name, in versions, within one another, with their secrets sealed."""

# mypy: disable-error-code="arg-type"
# Fields are given plain values, as users do; pydantic converts them.

from __future__ import annotations

import asyncio
import json
import pickle
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Any, Optional

import pydantic
import pytest
from pydantic import Field, SecretBytes, SecretStr

from noria import flow, task
from noria.blocks.core import Block, InvalidBlockRegistration, UnknownBlockType
from noria.blocks.fields import SecretDict
from noria.blocks.storage import BlockStore, Contents
from noria.blocks.system import JSON, DateTime, Secret, String
from noria.core.errors import EncryptionError
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.engine.session import open_session


class Warehouse(Block):
    host: str
    port: int = 5432
    password: SecretStr
    options: SecretDict = Field(default_factory=lambda: SecretDict({}))


class Pipeline(Block):
    _block_type_slug = "etl-pipeline"
    name_: str = Field(alias="name")
    source: Warehouse
    others: list[Warehouse] = Field(default_factory=list)
    key: Optional[Secret] = None  # noqa: UP045 - as users write it


def warehouse(**facts):
    return Warehouse(**{"host": "数据库", "password": "p4ssw0rd", **facts})


class TestSaving:
    def test_a_block_is_loaded_as_it_was_saved(self):
        block = warehouse(port=1, options=SecretDict({"ssl": "c3rt", "n": 5}))
        saved = block.save("main")
        loaded = Warehouse.load("main")
        assert type(loaded) is Warehouse
        assert (loaded.host, loaded.port) == ("数据库", 1)
        assert loaded.password.get_secret_value() == "p4ssw0rd"
        assert loaded.options.get_secret_value() == {"ssl": "c3rt", "n": 5}
        assert loaded._block_document_name == "main"
        assert loaded._block_document_id == block._block_document_id == saved
        assert Block.load("warehouse/main") == loaded

    def test_a_name_that_is_taken_is_refused(self):
        warehouse().save("main")
        with pytest.raises(ValueError, match="overwrite=True"):
            warehouse().save("main")
        Secret(value="1234").save("main")

    def test_overwriting_keeps_the_versions_before(self):
        first = warehouse(port=1).save("main")
        assert warehouse(port=2).save("main", overwrite=True) == first
        assert Warehouse.load("main").port == 2
        assert Warehouse.load("main", version=1).port == 1
        with pytest.raises(ValueError, match="in version 3"):
            Warehouse.load("main", version=3)

    def test_a_loaded_block_is_saved_under_its_name(self):
        warehouse().save("main")
        block = Warehouse.load("main")
        block.port = 7
        block.save(overwrite=True)
        assert Warehouse.load("main").port == 7

    @pytest.mark.parametrize("name", ["Main", "a_b", "a b", "a/b", "", "数据库", "ä", "a\n"])
    def test_names_are_letters_digits_and_dashes(self, name):
        with pytest.raises(ValueError, match="lowercase letters a to z, digits and dashes"):
            warehouse().save(name)

    def test_a_block_without_a_name_is_refused(self):
        with pytest.raises(ValueError, match="call `save` with one"):
            warehouse().save()

    def test_block_itself_cannot_be_saved(self):
        with pytest.raises(InvalidBlockRegistration):
            Block().save("main")

    def test_what_is_not_there_cannot_be_loaded_or_deleted(self):
        for act in (Warehouse.load, Warehouse.delete):
            with pytest.raises(ValueError, match="no block warehouse/main"):
                act("main")
        with pytest.raises(ValueError, match="'secret/main'"):
            Block.load("main")
        with pytest.raises(UnknownBlockType, match="no-such-type"):
            Block.get_block_class_from_key("no-such-type")

    def test_a_deleted_block_is_gone(self):
        warehouse().save("main")
        Block.delete("warehouse/main")
        with pytest.raises(ValueError, match="no block"):
            Warehouse.load("main")
        warehouse().save("main")

    def test_further_fields_are_taken_and_not_saved(self):
        block = warehouse(extra=1)
        assert block.extra == 1
        assert "extra" not in repr(block)
        block.save("main")
        assert not hasattr(Warehouse.load("main"), "extra")

    def test_initialization_is_called_when_made_and_when_loaded(self):
        class Counted(Block):
            value: int

            def block_initialization(self):
                self._doubled = self.value * 2

        block = Counted(value=4)
        assert block._doubled == 8
        block.save("c")
        assert Counted.load("c")._doubled == 8

    def test_types_are_named_after_their_classes(self):
        class HTTPThing(Block):
            _block_type_name = "The  Thing_of é"

        assert HTTPThing.get_block_type_slug() == "the-thing-of-e"
        assert Pipeline.get_block_type_slug() == "etl-pipeline"
        assert Secret[str].get_block_type_slug() == "secret"
        assert Block.get_block_class_from_key("slack-webhook").__name__ == "SlackWebhook"

    def test_a_block_can_be_pickled_for_another_process(self):
        warehouse().save("main")
        block = pickle.loads(pickle.dumps(Warehouse.load("main")))
        assert block.password.get_secret_value() == "p4ssw0rd"
        assert block._block_document_name == "main"


class TestChangedClasses:
    def saved(self):
        class Thing(Block):
            _block_type_slug = "thing"
            a: str

        Thing(a="p4ssw0rd").save("t")

        class Later(Block):
            _block_type_slug = "thing"
            a: str
            b: int

        return Later

    def test_what_does_not_fit_is_refused_without_its_values(self):
        with pytest.raises(RuntimeError, match="look at b") as caught:
            self.saved().load("t")
        assert "p4ssw0rd" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_or_taken_when_that_is_wanted(self):
        later = self.saved()
        with pytest.warns(UserWarning, match="look at b"):
            block = later.load("t", validate=False)
        assert (block.a, block.b) == ("p4ssw0rd", None)
        block.b = 3
        block.save("t", overwrite=True)
        assert later.load("t").b == 3

    def test_a_value_that_does_not_fit_is_not_repeated(self):
        with pytest.raises(pydantic.ValidationError) as caught:
            Warehouse(host="h", password={"p4ssw0rd": 1})
        assert "p4ssw0rd" not in str(caught.value)


class TestNesting:
    def test_a_saved_block_is_referred_to(self):
        source = warehouse()
        source.save("source")
        Pipeline(name="p", source=source).save("p")
        warehouse(port=99).save("source", overwrite=True)
        loaded = Pipeline.load("p")
        assert loaded.source.port == 99
        assert loaded.source._block_document_name == "source"
        assert loaded.name_ == "p"

    def test_one_that_is_not_saved_is_saved_within(self):
        Pipeline(name="p", source=warehouse(), others=[warehouse(port=1), warehouse(port=2)]).save(
            "p"
        )
        loaded = Pipeline.load("p")
        assert [other.port for other in loaded.others] == [1, 2]
        assert loaded.source.password.get_secret_value() == "p4ssw0rd"
        assert loaded.source._block_document_id is None

    def test_a_secret_may_be_a_part(self):
        Secret(value={"k": "s3cr3t"}).save("key")
        Pipeline(name="p", source=warehouse(), key=Secret.load("key")).save("p")
        assert Pipeline.load("p").key.get() == {"k": "s3cr3t"}

    def test_a_part_that_was_deleted_is_named(self):
        source = warehouse()
        source.save("source")
        Pipeline(name="p", source=source).save("p")
        Warehouse.delete("source")
        with pytest.raises(ValueError, match="etl-pipeline/p refers to a block that was deleted"):
            Pipeline.load("p")


class TestSystemBlocks:
    @pytest.mark.parametrize(
        "value", ["s3cr3t", "密码", "", {"a": "b"}, [1, 2], 7, 1.5, True, None, "\ud800x"], ids=repr
    )
    def test_a_secret_holds_any_value(self, value):
        assert Secret(value=value).get() == value
        Secret(value=value).save("v")
        assert Secret.load("v").get() == value

    def test_a_text_that_is_json_says_what_it_says(self):
        assert Secret(value='{"a": 1}').get() == {"a": 1}
        assert Secret(value="123").get() == 123

    def test_a_secret_does_not_show_itself(self):
        block: Secret = Secret(value="s3cr3t")
        for text in (repr(block), str(block), f"{block}", str(block.model_dump())):
            assert "s3cr3t" not in text
        assert repr(block) == "Secret(value=Secret('**********'))"

    def test_secrets_that_are_wrapped_already_are_taken(self):
        assert Secret(value=SecretStr("s3cr3t")).get() == "s3cr3t"
        assert Secret[dict](value=pydantic.Secret[dict]({"a": 1})).get() == {"a": 1}

    def test_values(self):
        moment = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
        JSON(value={"limit": [1, None]}).save("v")
        String(value="你好").save("v")
        DateTime(value=moment).save("v")
        assert JSON.load("v").value == {"limit": [1, None]}
        assert String.load("v").value == "你好"
        assert Block.load("date-time/v").value == moment

    def test_bytes_are_secret_too(self):
        class Key(Block):
            data: SecretBytes

        Key(data=b"k3y-bytes").save("k")
        assert Key.load("k").data.get_secret_value() == b"k3y-bytes"
        assert "k3y-bytes" not in redactor.mask("k3y-bytes")


class TestAsync:
    def test_everything_is_awaited_in_async_code(self):
        async def use():
            saved = await warehouse().save("main")
            assert await warehouse().asave("main", overwrite=True) == saved
            assert (await Warehouse.load("main"))._block_document_id == saved
            assert (await Warehouse.aload("main", version=1)).port == 5432
            await Warehouse.delete("main")
            with pytest.raises(ValueError, match="no block"):
                await Warehouse.aload("main")

        asyncio.run(use())

    def test_in_flows_and_tasks(self):
        Secret(value="s3cr3t").save("key")

        @task
        async def awaits():
            return len((await Secret.load("key")).get())

        @flow
        async def outer():
            return await awaits(), (await Secret.aload("key")).get() == "s3cr3t"

        @flow
        def inner():
            return Secret.load("key").get() == "s3cr3t"

        assert asyncio.run(outer()) == (6, True)
        assert inner() is True


class TestAtRest:
    def bytes_of(self, home):
        open_session().journal.flush()
        return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())

    def test_no_secret_stands_in_any_file(self, isolated):
        warehouse(options=SecretDict({"token": "t0k3n-value"})).save("main")
        Secret(value={"k": "s3cr3t-value"}).save("s")
        Pipeline(name="p", source=warehouse()).save("p")
        held = self.bytes_of(isolated)
        assert "数据库".encode() in held
        for secret in (b"p4ssw0rd", b"t0k3n-value", b"s3cr3t-value"):
            assert secret not in held

    def test_secrets_are_masked_once_they_are_loaded(self):
        warehouse().save("main")
        redactor.clear()
        assert redactor.mask("p4ssw0rd") == "p4ssw0rd"
        Warehouse.load("main")
        assert redactor.mask("p4ssw0rd") == "********"

    def test_another_key_opens_nothing(self, monkeypatch):
        warehouse().save("main")
        monkeypatch.setenv("NORIA_ENCRYPTION_KEY", "A" * 43)
        with pytest.raises(EncryptionError, match="warehouse/main is encrypted with key"):
            Warehouse.load("main")
        with pytest.raises(EncryptionError, match="noria secret rm"):
            Secret(value="new").save("new")

    def test_nor_does_a_missing_one(self, isolated):
        warehouse().save("main")
        (isolated / "encryption.key").unlink()
        with pytest.raises(EncryptionError, match="there is no key in"):
            Warehouse.load("main")
        assert not (isolated / "encryption.key").exists()

    def test_what_was_changed_in_the_store_is_noticed(self, isolated):
        Secret(value="one-value").save("one")
        Secret(value="two-value").save("two")
        connection = sqlite3.connect(isolated / "noria.db")
        with connection:
            connection.execute(
                "update block_secret set box = "
                "(select box from block_secret order by block limit 1)"
            )
        connection.close()
        assert Secret.load("one").get() == "one-value"
        with pytest.raises(EncryptionError, match="secret/two, field 'value', was changed"):
            Secret.load("two")

    def test_a_block_without_secrets_needs_no_key(self, isolated):
        String(value="x").save("s")
        assert String.load("s").value == "x"
        assert not (isolated / "encryption.key").exists()


class TestRotation:
    def store(self):
        session = open_session()
        return BlockStore(session.backend, session.settings)

    def test_everything_is_encrypted_anew(self, isolated):
        warehouse().save("main")
        warehouse(password="s3c0nd").save("main", overwrite=True)
        before = (isolated / "encryption.key").read_text()
        done = self.store().rotate()
        assert done.values == 4
        assert len(done.given_up) == 1
        assert done.key not in done.given_up
        after = (isolated / "encryption.key").read_text()
        assert before.splitlines()[1] not in after
        assert Warehouse.load("main").password.get_secret_value() == "s3c0nd"
        assert Warehouse.load("main", version=1).password.get_secret_value() == "p4ssw0rd"

    def test_with_a_setting_the_first_key_takes_over(self, monkeypatch):
        old, new = "A" * 43, "B" * 42 + "A"
        monkeypatch.setenv("NORIA_ENCRYPTION_KEY", old)
        warehouse().save("main")
        with pytest.raises(EncryptionError, match="NORIA_ENCRYPTION_KEY=NEW,OLD"):
            self.store().rotate()
        monkeypatch.setenv("NORIA_ENCRYPTION_KEY", f"{new},{old}")
        assert Warehouse.load("main").password.get_secret_value() == "p4ssw0rd"
        assert self.store().rotate().values == 2
        monkeypatch.setenv("NORIA_ENCRYPTION_KEY", new)
        assert Warehouse.load("main").password.get_secret_value() == "p4ssw0rd"
        monkeypatch.setenv("NORIA_ENCRYPTION_KEY", old)
        with pytest.raises(EncryptionError, match="encrypted with key"):
            Warehouse.load("main")

    def test_one_value_that_cannot_be_opened_leaves_all_as_they_were(self, isolated):
        for name in ("one", "two"):
            Secret(value=f"{name}-value").save(name)
        connection = sqlite3.connect(isolated / "noria.db")
        with connection:
            connection.execute(
                "update block_secret set box = x'01' where block = (select max(id) from block)"
            )
        connection.close()
        before = (isolated / "encryption.key").read_text()
        with pytest.raises(EncryptionError, match="was changed"):
            self.store().rotate()
        assert (isolated / "encryption.key").read_text() == before
        assert Secret.load("one").get() == "one-value"

    def test_a_save_that_had_read_the_old_key_is_done_with_the_new_one(self, monkeypatch):
        Secret(value="one-value").save("one")
        store = self.store()
        backend = open_session().backend
        save_block = backend.save_block
        rotated: list[Any] = []

        def save_late(row):
            if not rotated:
                rotated.append(store.rotate())
            return save_block(row)

        monkeypatch.setattr(backend, "save_block", save_late)
        Secret(value="two-value").save("two")
        assert backend.sealing_keys() == [rotated[0].key]
        assert Secret.load("two").get() == "two-value"

    def test_a_crash_between_keys_and_secrets_loses_nothing(self, isolated, monkeypatch):
        Secret(value="one-value").save("one")
        backend = open_session().backend
        with monkeypatch.context() as patched:
            patched.setattr(backend, "reseal", lambda before, after: sys.exit())
            with pytest.raises(SystemExit):
                self.store().rotate()
        assert Secret.load("one").get() == "one-value"
        Secret(value="two-value").save("two")
        assert self.store().rotate().values == 2
        assert Secret.load("two").get() == "two-value"
        assert len((isolated / "encryption.key").read_text().splitlines()) == 2

    def test_a_save_gives_up_when_others_are_always_quicker(self, tmp_path):
        class Busy:
            def block(self, slug, name, version=None):
                return None

            def save_block(self, row):
                return False

        store = BlockStore(Busy(), Settings(home=str(tmp_path)))
        with pytest.raises(EncryptionError, match="string/x was not saved"):
            store.save("string", "x", Contents({"value": json.dumps("x")}, {}), True)
