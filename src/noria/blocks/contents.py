"""What a block holds, taken apart into what may be read by anybody and what may not."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pydantic
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

from noria.blocks.storage import Contents
from noria.core.redaction import redactor

if TYPE_CHECKING:
    from noria.blocks.core import Block

_HIDING = (SecretStr, SecretBytes, pydantic.Secret)
_REFERENCE = "$ref"
_ID = "block_document_id"
_SLUG = "block_type_slug"


def contents_of(block: Block) -> Contents:
    """The fields of a block as JSON can say them, those with secrets in them apart.

    Raises:
        ValueError: A field holds what JSON cannot say.
    """
    plain: dict[str, Any] = {}
    secret: dict[str, Any] = {}
    for name, field in type(block).model_fields.items():
        key = field.serialization_alias or field.alias or name
        value = getattr(block, name)
        if any(True for _ in _secrets(value)):
            secret[key] = _revealed(value)
        elif _has_blocks(value):
            plain[key] = _revealed(value)
        else:
            plain.update(block.model_dump(mode="json", by_alias=True, include={name}))
    return Contents(plain, secret)


def register_secrets(block: Block) -> None:
    """Have the secrets of a block masked."""
    for value in _secrets(block, within_saved=True):
        redactor.add(value)


def resolved(
    value: Any, load: Callable[[uuid.UUID], Any], make: Callable[[str, dict[str, Any]], Any]
) -> Any:
    """What a field was saved as, with blocks in place of what stands for them.

    Parameters:
        value: As JSON gives it.
        load: Loads the block that was saved under an id.
        make: Makes a block that was saved within the field, of its type and its values.
    """
    if isinstance(value, list):
        return [resolved(item, load, make) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get(_REFERENCE)
    if isinstance(reference, dict) and _ID in reference and len(value) == 1:
        return load(uuid.UUID(reference[_ID]))
    values = {key: resolved(item, load, make) for key, item in value.items()}
    slug = values.get(_SLUG)
    if not isinstance(slug, str):
        return values
    del values[_SLUG]
    return make(slug, values)


def _secrets(value: Any, within_saved: bool = False) -> Iterator[Any]:
    """What hides in a value; not what hides in saved blocks, which are only referred to."""
    if isinstance(value, _HIDING):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        if within_saved or _document_id(value) is None:
            for name in type(value).model_fields:
                yield from _secrets(getattr(value, name, None), within_saved)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets(item, within_saved)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _secrets(item, within_saved)


def _has_blocks(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_blocks, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_has_blocks, value))
    if _is_block(value):
        return True
    if isinstance(value, BaseModel):
        return any(_has_blocks(getattr(value, name)) for name in type(value).model_fields)
    return False


def _revealed(value: Any) -> Any:
    """A value as JSON can say it, its secrets in plain text."""
    if isinstance(value, _HIDING):
        return _revealed(value.get_secret_value())
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, BaseModel):
        document = _document_id(value)
        if document is not None:
            return {_REFERENCE: {_ID: str(document)}}
        fields = type(value).model_fields
        found = {
            field.serialization_alias or field.alias or name: _revealed(getattr(value, name))
            for name, field in fields.items()
        }
        return {_SLUG: _slug_of(value), **found} if _is_block(value) else found
    if isinstance(value, Mapping):
        return {str(key): _revealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_revealed(item) for item in value]
    return to_jsonable_python(value)


def _is_block(value: Any) -> bool:
    return isinstance(value, BaseModel) and hasattr(value, "_block_document_id")


def _document_id(value: Any) -> uuid.UUID | None:
    found: uuid.UUID | None = getattr(value, "_block_document_id", None)
    return found


def _slug_of(value: Any) -> str:
    slug: str = value.get_block_type_slug()
    return slug
