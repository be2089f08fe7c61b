"""The base of all blocks."""

from __future__ import annotations

import importlib
import re
import unicodedata
import uuid
import warnings
from abc import ABC
from functools import partial
from typing import Any, ClassVar, Self

import pydantic
from pydantic import ConfigDict, PrivateAttr, ValidationError

from noria.blocks.contents import contents_of, register_secrets, resolved
from noria.blocks.storage import BlockStore, checked_name
from noria.core import ids
from noria.core.records import BlockRow
from noria.engine.dispatch import async_dispatch, in_thread
from noria.engine.session import open_session

_classes: dict[str, type[Block]] = {}
_OWN_MODULES = ("noria.blocks.system", "noria.blocks.notifications", "noria.blocks.webhook")


class InvalidBlockRegistration(Exception):  # noqa: N818 - Prefect's spelling
    """`Block` itself was to be saved, rather than a class of blocks."""


class UnknownBlockType(Exception):  # noqa: N818 - Prefect's spelling
    """No class of blocks is known under this name of a type."""


class BlockNotSavedError(RuntimeError):
    """Something was asked of a block that only a saved one has."""


class Block(pydantic.BaseModel, ABC):
    """Typed configuration that is saved under a name and loaded by it.

    A class derived from it lists its fields as any pydantic model does. Fields of type `SecretStr`,
    `SecretBytes`, `SecretDict` or `Secret` are encrypted in the store, and what they hold is masked
    in all that Noria writes. A field may be another block: a saved one is referred to, one that
    is not saved is saved within.

    What has to happen once the fields are set goes into a method `block_initialization`.

    Example:
        >>> import pydantic
        >>> class Warehouse(Block):
        ...     host: str
        ...     password: pydantic.SecretStr
        >>> saved = Warehouse(host="db1", password="s3cr3t").save("main", overwrite=True)
        >>> Warehouse.load("main")
        Warehouse(host='db1', password=SecretStr('**********'))
        >>> Block.load("warehouse/main").password.get_secret_value()
        's3cr3t'
    """

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = None
    """What people call the type; None means the name of the class."""
    _block_type_slug: ClassVar[str | None] = None
    """What it is called in `slug/name`; None makes it from the name."""
    _logo_url: ClassVar[Any] = None
    _documentation_url: ClassVar[Any] = None
    _description: ClassVar[str | None] = None
    _code_example: ClassVar[str | None] = None

    _block_document_id: uuid.UUID | None = PrivateAttr(None)
    _block_document_name: str | None = PrivateAttr(None)
    _block_version: int | None = PrivateAttr(None)
    _is_anonymous: bool | None = PrivateAttr(None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        register_secrets(self)
        self.block_initialization()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # `Secret[str]` is a class of its own to Python, and the same type to people.
        if not cls.__pydantic_generic_metadata__["origin"]:
            _classes[cls.get_block_type_slug()] = cls

    def block_initialization(self) -> None:
        """Called once the fields are set; does nothing unless a class says otherwise."""

    def __str__(self) -> str:
        return repr(self)

    def __repr_args__(self) -> Any:
        fields = type(self).model_fields
        return [(key, value) for key, value in super().__repr_args__() if key in fields]

    @classmethod
    def get_block_type_name(cls) -> str:
        """What people call the type."""
        return cls._block_type_name or cls._type().__name__

    @classmethod
    def get_block_type_slug(cls) -> str:
        """What the type is called in `slug/name`.

        Example:
            >>> class HTTPThing(Block):
            ...     _block_type_name = "HTTP Thing"
            >>> HTTPThing.get_block_type_slug()
            'http-thing'
        """
        return _slug(cls._block_type_slug or cls.get_block_type_name())

    @classmethod
    def get_description(cls) -> str | None:
        """A sentence on the type: its own, or the first of its docstring."""
        text = cls._description or (cls._type().__dict__.get("__doc__") or "").strip()
        return text.split("\n\n")[0] or None

    @classmethod
    def get_block_class_from_key(cls, key: str) -> type[Block]:
        """The class of a type.

        Parameters:
            key: The type's slug.

        Raises:
            UnknownBlockType: No class that is imported has it.
        """
        if key not in _classes:
            for module in _OWN_MODULES:
                importlib.import_module(module)
        if key not in _classes:
            raise UnknownBlockType(
                f"No class of blocks is known for type {key!r}. Import the module that defines it."
            )
        return _classes[key]

    @classmethod
    def is_block_class(cls, block: Any) -> bool:
        """Whether something is a class of blocks."""
        return isinstance(block, type) and issubclass(block, Block)

    @classmethod
    def _type(cls) -> type:
        """The class itself, without a parameter that it was given."""
        return cls.__pydantic_generic_metadata__["origin"] or cls

    async def asave(self, name: str | None = None, overwrite: bool = False) -> uuid.UUID:
        """As `save`, always awaited."""
        return await in_thread(self._save, name, overwrite)

    @async_dispatch(asave)
    def save(self, name: str | None = None, overwrite: bool = False) -> uuid.UUID:
        """Save the block's fields under a name; the versions before stay in the store.

        Parameters:
            name: Lowercase letters, digits and dashes; None for the one it was loaded or saved by.
            overwrite: Whether a block of this type and name may be there already.

        Returns:
            The block's id. Inside async runs an awaitable of it.

        Raises:
            ValueError: The name is missing or is no name, or there is such a block and `overwrite`
                was not given.
            EncryptionError: There is no key to encrypt its secrets with.

        Example:
            >>> from noria.blocks.system import Secret
            >>> saved = Secret(value="s3cr3t").save("api-key", overwrite=True)
            >>> Secret.load("api-key").get()
            's3cr3t'
        """
        return self._save(name, overwrite)

    def _save(self, name: str | None, overwrite: bool) -> uuid.UUID:
        if type(self) is Block:
            raise InvalidBlockRegistration(
                "`Block` itself cannot be saved; derive a class from it, and save one of those."
            )
        name = checked_name(name if name is not None else self._block_document_name)
        slug = self.get_block_type_slug()
        register_secrets(self)
        row = _store().save(slug, name, contents_of(self), overwrite)
        if row is None:
            raise ValueError(
                f"There is a block {slug}/{name} already. To put this one in its place, save it "
                "with `overwrite=True`."
            )
        self._describe(row)
        return ids.to_uuid(row.id)

    @classmethod
    async def aload(cls, name: str, validate: bool = True, version: int | None = None) -> Self:
        """As `load`, always awaited."""
        return await in_thread(cls._load, name, validate, version)

    @classmethod
    @async_dispatch(lambda cls, *args, **kwargs: cls.aload(*args, **kwargs))
    def load(cls, name: str, validate: bool = True, version: int | None = None) -> Self:
        """Load a block by its name.

        Parameters:
            name: The name; of `Block` itself, `slug/name`.
            validate: Whether the fields must fit the class as it is now. If not, those that are
                missing are None, and a warning says which.
            version: Which version, counted from 1; None for the newest.

        Returns:
            The block. Inside async runs an awaitable of it.

        Raises:
            ValueError: There is no such block.
            RuntimeError: What is stored does not fit the class.
            EncryptionError: Its secrets cannot be opened: the key is missing or another one.
            UnknownBlockType: `Block.load` knows no class for the type.

        Example:
            >>> from noria.blocks.system import String
            >>> saved = String(value="你好").save("greeting", overwrite=True)
            >>> Block.load("string/greeting").value
            '你好'
        """
        return cls._load(name, validate, version)

    @classmethod
    def _load(cls, name: str, validate: bool, version: int | None) -> Self:
        store = _store()
        found: Self = cls._from_row(store, cls._find(store, name, version), validate)
        return found

    @classmethod
    def _find(cls, store: BlockStore, name: str, version: int | None = None) -> BlockRow:
        slug = cls.get_block_type_slug()
        if cls is Block:
            slug, slash, name = name.partition("/")
            if not slash:
                raise ValueError(
                    f"{slug!r} does not say which type of block it is; expected 'type/name', "
                    f"such as 'secret/{slug}'."
                )
        row = store.find(slug, name, version)
        if row is None:
            which = "" if version is None else f" in version {version}"
            raise ValueError(
                f"There is no block {slug}/{name}{which}. See those that there are: noria block ls"
            )
        return row

    @classmethod
    def _from_row(cls, store: BlockStore, row: BlockRow, validate: bool = True) -> Any:
        made_of = cls.get_block_class_from_key(row.slug) if cls is Block else cls
        values = resolved(store.open(row), partial(_referred, store, row), _within)
        try:
            block = made_of.model_validate(values)
        except ValidationError as error:
            # Not `from error`: it would show what was found, secrets among it.
            missing = sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]})
            where = f"{row.slug}/{row.name}"
            if validate:
                raise RuntimeError(
                    f"Block {where} does not fit {made_of.__name__} as it is now; look at "
                    f"{', '.join(missing)}. `validate=False` loads it all the same."
                ) from None
            warnings.warn(
                f"Block {where} does not fit {made_of.__name__} as it is now; look at "
                f"{', '.join(missing)}, then save it with `overwrite=True`.",
                stacklevel=2,
            )
            block = made_of.model_construct(**{**dict.fromkeys(missing), **values})
        block._describe(row)
        return block

    def _describe(self, row: BlockRow) -> None:
        self._block_document_id = ids.to_uuid(row.id)
        self._block_document_name = row.name
        self._block_version = row.version
        self._is_anonymous = False

    @classmethod
    async def adelete(cls, name: str) -> None:
        """As `delete`, always awaited."""
        await in_thread(cls._delete, name)

    @classmethod
    @async_dispatch(lambda cls, name: cls.adelete(name))
    def delete(cls, name: str) -> None:
        """Delete a block with all its versions.

        Parameters:
            name: The name; of `Block` itself, `slug/name`.

        Raises:
            ValueError: There is no such block.

        Example:
            >>> from noria.blocks.system import String
            >>> saved = String(value="x").save("short-lived", overwrite=True)
            >>> String.delete("short-lived")
        """
        cls._delete(name)

    @classmethod
    def _delete(cls, name: str) -> None:
        backend = open_session().backend
        row = cls._find(_store(), name)
        backend.delete_block(row.id)


def _referred(store: BlockStore, row: BlockRow, block: uuid.UUID) -> Block:
    """The block that a field of another one refers to."""
    found = store.by_id(block.bytes)
    if found is None:
        raise ValueError(
            f"Block {row.slug}/{row.name} refers to a block that was deleted ({block}). Save it "
            "again with another one in its place."
        )
    block_of_it: Block = Block._from_row(store, found)
    return block_of_it


def _within(slug: str, values: dict[str, Any]) -> Block:
    """A block that was saved within another one."""
    return Block.get_block_class_from_key(slug).model_validate(values)


def _store() -> BlockStore:
    session = open_session()
    return BlockStore(session.backend, session.settings)


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()
    return re.sub(r"[\W_]+", "-", plain.replace("'", "")).strip("-")
