"""Blocks for single values."""

from __future__ import annotations

import json
from datetime import datetime as _datetime
from typing import Annotated, Any, Generic, TypeVar

import pydantic
from pydantic import Field, JsonValue, SecretStr, StrictStr, field_validator

from noria.blocks.core import Block
from noria.core.redaction import redactor

T = TypeVar("T", bound=Annotated[StrictStr, Field(title="string")] | JsonValue)


class Secret(Block, Generic[T]):
    """A value that is encrypted in the store, and masked in all that Noria writes.

    Parameters:
        value: A text, or whatever JSON can say: a mapping, a list, a number.

    Example:
        >>> block = Secret(value="s3cr3t")
        >>> block
        Secret(value=Secret('**********'))
        >>> block.get()
        's3cr3t'
        >>> Secret(value={"user": "ada", "password": "s3cr3t"}).get()["user"]
        'ada'
    """

    value: SecretStr | pydantic.Secret[T]

    @field_validator("value", mode="before")
    @classmethod
    def _hide(cls, value: Any) -> Any:
        if isinstance(value, SecretStr | pydantic.Secret):
            return value
        return (pydantic.Secret[str] if isinstance(value, str) else pydantic.Secret[Any])(value)

    def get(self) -> Any:
        """The value itself; of a text that is JSON, what it says.

        Example:
            >>> Secret(value="123").get()
            123
        """
        value = self.value.get_secret_value()
        redactor.add(value)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value


class JSON(Block):
    """A value that JSON can say.

    Parameters:
        value: The value.

    Example:
        >>> saved = JSON(value={"limit": 5}).save("limits", overwrite=True)
        >>> JSON.load("limits").value["limit"]
        5
    """

    value: JsonValue


class String(Block):
    """A text.

    Parameters:
        value: The text.

    Example:
        >>> String(value="你好").value
        '你好'
    """

    value: str


class DateTime(Block):
    """A moment.

    Parameters:
        value: A datetime, or its ISO text.

    Example:
        >>> DateTime(value="2026-11-22T08:30:00+08:00").value.isoformat()
        '2026-11-22T08:30:00+08:00'
    """

    value: _datetime
    _block_type_name = "Date Time"
